"""What one document holds, as phrases: for things that came or went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from governance.change_summary.changed import condition_phrase
from governance.change_summary.schema import derived, parts
from governance.change_summary.values import label, part_phrase, shown


def described(document: Mapping[str, Any]) -> list[str]:
    """Every field that holds something, in the order of the document."""
    found: list[str] = []
    for name, value in document.items():
        if name not in derived() and value not in (None, "", [], {}, False):
            found += _phrases(name, value)
    return found


def _phrases(name: str, value: Any) -> Iterator[str]:
    if name == "targets":
        for place, target in enumerate(value, 1):
            yield f"target {place}: {target['provider']}/{target['model'] or '*'}"
    elif name == "conditions":
        yield from (f"condition {condition_phrase(one)}" for one in value)
    elif isinstance(value, bool):
        yield label(name)
    elif isinstance(value, dict) and name in parts():
        yield f"{label(name)}: {part_phrase(value)}"
    elif isinstance(value, list | tuple | dict):
        yield f"{label(name)}: {', '.join(map(str, value))}"
    else:
        yield f"{label(name)}: {shown(name, value)}"
