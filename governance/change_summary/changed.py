"""The changes of one document, each as a phrase."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from governance.change_summary.schema import derived, parts
from governance.change_summary.targets import target_phrases
from governance.change_summary.values import (
    label,
    listed,
    ordinal,
    part_phrase,
    switched,
    value_phrase,
)

_OWN_WORDS: Final = frozenset({"api_key", "extra_headers"})
"""Secrets that documents say more of."""


def changed(
    before: Mapping[str, Any], after: Mapping[str, Any], secrets: Iterable[str] = ()
) -> list[str]:
    """What is another, in the order of the document's fields.

    `secrets` names the fields whose values no document shows and which were given anew.
    """
    names = [*after, *(name for name in before if name not in after)]
    found = [*_secret_phrases(before, after, set(secrets))]
    for name in names:
        old, new = before.get(name), after.get(name)
        if name not in derived() and old != new:
            found += _phrases(name, old, new)
    return found


def _phrases(name: str, old: Any, new: Any) -> Iterable[str]:
    if name == "targets":
        return target_phrases(old or [], new or [], _fields)
    if name == "position" and isinstance(old, int) and isinstance(new, int):
        return [f"moved from {ordinal(old + 1)} to {ordinal(new + 1)}"]
    if name == "conditions":
        return listed(
            "condition", map(condition_phrase, old or []), map(condition_phrase, new or [])
        )
    if name == "model_facts":
        return listed("model with facts", map(_facts, old or []), map(_facts, new or []))
    if name == "extra_headers":
        return listed("header", old or {}, new or {})
    if name in parts():
        return _part_phrases(name, old or {}, new or {})
    if isinstance(old, dict) or isinstance(new, dict):
        return _fields(old or {}, new or {})
    if isinstance(old, list) or isinstance(new, list):
        return listed(label(name), map(str, old or []), map(str, new or []))
    if isinstance(old, bool) or isinstance(new, bool):
        return [switched(name, bool(new))]
    return [value_phrase(name, old, new)]


def _fields(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return changed(old, new)


def _part_phrases(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """`cache set to ttl 60, scope key`, `cache ttl 60 → 300`, `cache cleared`."""
    if old and new:
        return [f"{label(name)} {one}" for one in _fields(old, new)]
    return [f"{label(name)} set to {part_phrase(new)}" if new else f"{label(name)} cleared"]


def _secret_phrases(
    before: Mapping[str, Any], after: Mapping[str, Any], secrets: set[str]
) -> Iterable[str]:
    had, has = before.get("has_api_key"), after.get("has_api_key")
    if had != has:
        yield "API key set" if has else "API key cleared"
    elif "api_key" in secrets:
        yield "API key replaced"
    if "extra_headers" in secrets and before.get("extra_headers") == after.get("extra_headers"):
        yield "value of a header replaced"
    for name in sorted(secrets - _OWN_WORDS):
        if before.get(name) == after.get(name):
            yield f"{label(name)} set anew"


def condition_phrase(condition: Mapping[str, Any]) -> str:
    """`messages > 5`, `last user text any of sql, code`."""
    value = condition.get("value")
    words = f"of {', '.join(map(str, value))}" if isinstance(value, list) else str(value).lower()
    return f"“{label(str(condition.get('feature')))} {condition.get('operator')} {words}”"


def _facts(facts: Mapping[str, Any]) -> str:
    """`gpt-oss (context length 131072, capabilities text, tools)`."""
    said = [
        f"{label(name)} {', '.join(value) if isinstance(value, list) else value}"
        for name, value in facts.items()
        if name != "model" and value
    ]
    return f"{facts.get('model')} ({', '.join(said)})" if said else str(facts.get("model"))
