"""Credentials of more than one part, as operators paste them into the field of the API key."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

_SECRET: Final = re.compile(r"secret|password|key|token", re.IGNORECASE)
"""Names of members that hold secrets."""


def members(api_key: str) -> Mapping[str, str]:
    """The texts of a JSON object; nothing of what is none."""
    if not api_key.lstrip().startswith("{"):
        return {}
    try:
        document = json.loads(api_key)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(document, dict):
        return {}
    return {name: value for name, value in document.items() if isinstance(value, str)}


def first(parts: Mapping[str, str], *names: str) -> str:
    """The first of the members that is there and says something."""
    return next((parts[name] for name in names if parts.get(name)), "")


def secret_parts(api_key: str) -> set[str]:
    """What of a credential must not be shown, beside the whole of it."""
    parts = members(api_key)
    if parts:
        return {value for name, value in parts.items() if _SECRET.search(name)}
    return set(api_key.split(":"))
