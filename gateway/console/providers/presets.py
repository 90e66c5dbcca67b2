"""Well-known clouds and local servers: what the form of a new provider is filled with."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from django.utils.translation import gettext_lazy

from governance.kinds import Preset, ProviderKind, presets

Groups = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
"""Titles, and under each the label and the query of its presets."""


def query(kind: ProviderKind, preset: Preset) -> str:
    """What the admin's page for a new row takes as its first values."""
    fields = {"name": preset.name, "kind": kind.name, "base_url": preset.base_url}
    return urlencode(fields | ({"is_local": "1"} if preset.is_local else {}))


def groups() -> Groups:
    """The presets of all kinds."""
    return tuple(
        (
            str(title),
            tuple(
                (preset.label, query(kind, preset))
                for kind, preset in presets()
                if preset.is_local is local
            ),
        )
        for title, local in _TITLES
    )


_TITLES: Final = ((gettext_lazy("Clouds"), False), (gettext_lazy("On this machine"), True))
