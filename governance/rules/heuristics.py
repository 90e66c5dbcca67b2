"""What a heuristic rule must keep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from governance.routing.fields import MAX_LENGTHS, Fields, Problem, kind_of
from governance.routing.heuristics import COMPARISONS, FEATURE_NAMES, FLAGS, TEXTS

RULE_FIELDS: Final = ("id", "name", "position", "match", "conditions", "profile", "enabled")
MATCHES: Final = ("all", "any")
MAX_CONDITIONS: Final = 20
MAX_KEYWORDS: Final = 200
MAX_NUMBER: Final = 1_000_000_000


def rule_problems(document: object, *, others: Iterable[str] = ()) -> list[Problem]:
    """Every rule that the heuristic rule breaks; `others` are the names of the other ones."""
    if not isinstance(document, Mapping):
        message = f"A heuristic rule must be an object, not {kind_of(document)}."
        return [Problem("", "type", message)]
    fields = Fields(document)
    name = fields.text("name", required=True)
    if name and name.casefold() in {other.casefold() for other in others}:
        fields.note("name", "unique", f'Another heuristic rule already has the name "{name}".')
    fields.text("profile", required=True)
    fields.choice("match", MATCHES, default="all")
    fields.flag("enabled", default=True)
    conditions = document.get("conditions")
    if conditions is not None and not isinstance(conditions, list | tuple):
        message = f"conditions must be a list, not {kind_of(conditions)}."
        fields.note("conditions", "type", message)
    elif conditions and len(conditions) > MAX_CONDITIONS:
        message = f"A heuristic rule has at most {MAX_CONDITIONS} conditions."
        fields.note("conditions", "too_many", message)
    else:
        for index, condition in enumerate(conditions or ()):
            fields.found += _condition_problems(condition, f"conditions[{index}]")
    return fields.found


def _condition_problems(condition: object, path: str) -> list[Problem]:
    if not isinstance(condition, Mapping):
        message = f"A condition must be an object, not {kind_of(condition)}."
        return [Problem(path, "type", message)]
    fields = Fields(condition, path)
    fields.unknown(("feature", "operator", "value"), "A condition")
    feature = fields.choice("feature", FEATURE_NAMES)
    if not feature:
        return fields.found
    value = condition.get("value")
    if feature in TEXTS:
        fields.choice("operator", ("any",))
        _check_keywords(fields, value)
    elif feature in FLAGS:
        fields.choice("operator", ("==",))
        if not isinstance(value, bool):
            fields.note("value", "type", f"value must be true or false for {feature}.")
    else:
        fields.choice("operator", tuple(COMPARISONS))
        if value is None:
            fields.note("value", "required", "value is required.")
        else:
            fields.number("value", 0, MAX_NUMBER)
    return fields.found


def _check_keywords(fields: Fields, value: object) -> None:
    if not isinstance(value, list | tuple) or not value:
        fields.note("value", "type", "value must be a list of keywords.")
    elif len(value) > MAX_KEYWORDS:
        fields.note("value", "too_many", f"value must have at most {MAX_KEYWORDS} keywords.")
    else:
        for index, keyword in enumerate(value):
            one = Fields({"name": keyword})
            one.text("name", required=True)
            if one.found:
                limit = MAX_LENGTHS["name"]
                message = f"A keyword must be a string of 1 to {limit} characters."
                fields.note(f"value[{index}]", "invalid", message)


def unknown_rule_fields(document: Mapping[str, object]) -> list[Problem]:
    """A warning for each field of a heuristic rule that this service does not know."""
    fields = Fields(document)
    fields.unknown(RULE_FIELDS, "A heuristic rule")
    return fields.found
