"""Values of documents as phrases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from governance.change_summary.schema import choices, labels

SWITCHES: Final = {
    "enabled": ("turned on", "turned off"),
    "is_default": ("made the default", "no longer the default"),
}
LONG: Final = 60
"""Characters from which a text is said to be another, and not quoted."""
NAMED: Final = 4
"""Items of a list that are named before they are counted."""


def label(name: str) -> str:
    """`base_url` as `base URL`: as the model has it, whatever else as it is written."""
    return labels().get(name, name.replace("_", " "))


def singular(name: str) -> str:
    """`capabilities` as `capability`, `request types` as `request type`."""
    return f"{name[:-3]}y" if name.endswith("ies") else name.removesuffix("s")


def ordinal(number: int) -> str:
    """`1st`, `12th`, `23rd`."""
    last = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10)
    return f"{number:,}{last or 'th'}"


def switched(name: str, on: bool) -> str:
    """A flag: `turned off`, `local only turned on`."""
    if name in SWITCHES:
        return SWITCHES[name][not on]
    return f"{label(name)} turned {'on' if on else 'off'}"


def value_phrase(name: str, old: Any, new: Any) -> str:
    """`weight 1 → 3`, `description set to “For texts”`, `description cleared`."""
    if new in (None, ""):
        return (
            f"{label(name)} cleared"
            if old in (None, "") or _long(old)
            else (f"{label(name)} {shown(name, old)} cleared")
        )
    if _long(new) or _long(old):
        return f"{label(name)} rewritten" if old not in (None, "") else f"{label(name)} set"
    if old in (None, ""):
        return f"{label(name)} set to {shown(name, new)}"
    return f"{label(name)} {shown(name, old)} → {shown(name, new)}"


def listed(name: str, old: Iterable[str], new: Iterable[str]) -> list[str]:
    """What came to a list and what left it, or that only the order is another."""
    before, after = list(old), list(new)
    gone, come = Counter(before) - Counter(after), Counter(after) - Counter(before)
    if not gone and not come:
        return [f"order of {name} is another"]
    one = singular(name)
    return [
        f"{one} {_named(items)} {verb}"
        for items, verb in ((gone, "removed"), (come, "added"))
        if items
    ]


def _named(items: Counter[str]) -> str:
    words = list(items.elements())
    more = f" and {len(words) - NAMED:,} more" if len(words) > NAMED else ""
    return ", ".join(words[:NAMED]) + more


def _long(value: Any) -> bool:
    return isinstance(value, str) and (len(value) > LONG or "\n" in value)


def part_phrase(part: Mapping[str, Any]) -> str:
    """`ttl 60, scope key`; what is off is left out."""
    said = {name: value for name, value in part.items() if value not in (None, "", False)}
    return ", ".join(
        label(name) if value is True else f"{label(name)} {shown(name, value)}"
        for name, value in said.items()
    )


def shown(name: str, value: Any) -> str:
    """A value as a phrase holds it: choices without underscores, texts with white space quoted."""
    if not isinstance(value, str):
        return f"{value}"
    if name in choices():
        return value.replace("_", " ")
    return f"“{value}”" if any(map(str.isspace, value)) else value
