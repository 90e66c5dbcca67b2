"""Requests as data.

A body is a JSON value, or text or bytes that are sent as they stand. What the service made up in
an earlier answer stands in paths, bodies and headers by its placeholder, like `<key 2>`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

ROOT: Final = "/api/governance"

ADMIN: Final = "admin"
"""The key that every scenario begins with; it reads and writes."""
NOBODY: Final = ""


@dataclass(frozen=True)
class Step:
    method: str
    path: str
    body: Any = None
    """None sends none."""
    headers: Mapping[str, str] = field(default_factory=dict)
    by: str = ADMIN
    """One of the scenario's callers."""
    kind: str = "application/json"
    """The content type of the body."""
    drawn: bool = False
    """The answer's candidates come in the order of a draw; they are kept in the order of their
    targets."""


@dataclass(frozen=True)
class Scenario:
    steps: Sequence[Step]
    keys: Mapping[str, str] = field(default_factory=dict)
    """More API keys, made by the command line: the scopes of each by its name."""
    people: Mapping[str, Sequence[str] | None] = field(default_factory=dict)
    """Staff with a session: the permissions of each. `*` is everything; None is not staff."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Settings that differ from those of a new installation."""


def get(path: str, **more: Any) -> Step:
    return Step("GET", path, **more)


def post(path: str, body: Any = None, **more: Any) -> Step:
    return Step("POST", path, body, **more)


def put(path: str, body: Any = None, **more: Any) -> Step:
    return Step("PUT", path, body, **more)


def patch(path: str, body: Any = None, **more: Any) -> Step:
    return Step("PATCH", path, body, **more)


def delete(path: str, **more: Any) -> Step:
    return Step("DELETE", path, **more)


def profile(name: str = "light", /, **changes: Any) -> dict[str, Any]:
    """A profile that keeps every rule."""
    return {
        "id": name,
        "name": name.title(),
        "virtual_provider": name,
        "targets": [{"provider": "fast", "virtual_model": "small", "model": "m-1"}],
        **changes,
    }


def aimed(*targets: Any, **changes: Any) -> dict[str, Any]:
    """The profile `light` with these targets."""
    return profile(targets=list(targets), **changes)


def target(**changes: Any) -> dict[str, Any]:
    return {"provider": "fast", "model": "m-1", **changes}


def provider(name: str = "fast", /, **changes: Any) -> dict[str, Any]:
    """A provider that keeps every rule."""
    return {"name": name, "kind": "openai", "base_url": "http://127.0.0.1:9/v1", **changes}


def rule(name: str = "long", /, **changes: Any) -> dict[str, Any]:
    return {"name": name, "profile": "light", **changes}


def condition(feature: Any = "messages", operator: Any = ">", value: Any = 5) -> dict[str, Any]:
    return {"feature": feature, "operator": operator, "value": value}


def mapping(pattern: Any = "gpt-4o", /, **changes: Any) -> dict[str, Any]:
    return {"pattern": pattern, "destination": "light/small", **changes}


def key(name: str = "ci", /, **changes: Any) -> dict[str, Any]:
    return {"name": name, "scopes": ["inference"], **changes}


def without(document: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in names}
