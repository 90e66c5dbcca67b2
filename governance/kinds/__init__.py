"""The kinds of provider, a file each. `docs/adding.md` tells how to add one.

Standard library only: `routing`, `inference` and the console read kinds as values, and nothing
outside this package compares their names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from governance.kinds.kind import HOPS_HEADER, Preset, ProviderKind
from governance.kinds.locality import is_private
from governance.registry import Registry

__all__ = [
    "KINDS",
    "Preset",
    "ProviderKind",
    "caller_headers",
    "choices",
    "is_engine",
    "is_private",
    "kind_named",
    "list_headers",
    "presets",
    "read_as_today",
    "runtime_of",
    "stays_here",
]

KINDS: Final[Registry[ProviderKind]] = Registry("KIND", ProviderKind)
KINDS.discover(__name__)


def choices() -> list[tuple[str, str]]:
    """What a model field offers; asked each time, so that a new kind needs no migration."""
    return KINDS.choices()


def kind_named(name: str) -> ProviderKind | None:
    """None for a kind that is not installed, which a database restored from elsewhere may name."""
    return KINDS.get(name)


def is_engine(name: str) -> bool:
    """Whether providers of this kind are the engine this installation runs."""
    kind = KINDS.get(name)
    return kind is not None and kind.engine


def runtime_of(name: str) -> str:
    """The engine's runtime that serves providers of this kind; empty where they are elsewhere."""
    kind = KINDS.get(name)
    return kind.runtime if kind is not None else ""


def stays_here(name: str, base_url: str) -> bool:
    """Whether a provider is local where the operator does not say so."""
    kind = KINDS.get(name)
    return kind is not None and kind.stays_here(base_url)


def caller_headers() -> frozenset[bytes]:
    """Every header of a caller that some kind lets through."""
    return frozenset({HOPS_HEADER}).union(*(kind.caller_headers for kind in KINDS.values()))


def list_headers() -> frozenset[bytes]:
    """Every header that some kind takes for a list."""
    return frozenset().union(*(kind.list_headers for kind in KINDS.values()))


def presets() -> list[tuple[ProviderKind, Preset]]:
    """Well-known clouds and servers with their kinds, in the order they are offered."""
    found = [(kind, preset) for kind in KINDS.values() for preset in kind.presets]
    return sorted(found, key=lambda one: one[1].rank)


def read_as_today(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """A provider's document in the words of today.

    Some kinds were split off from another, which had a base URL for them: documents of old
    revisions and exports, and scripts of operators, still name that one. The very same document
    comes back unless it does.
    """
    if not document.get("base_url"):
        return document
    for kind in KINDS.values():
        if kind.formerly and kind.formerly == document.get("kind"):
            return {**document, "kind": kind.name}
    return document
