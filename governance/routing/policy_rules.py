"""The rules that heuristic rules and model mappings must keep before they are saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from governance.routing.fields import Fields, Problem, kind_of
from governance.routing.heuristics import COMPARISONS, FEATURE_NAMES, FLAGS, NUMBERS
from governance.routing.mappings import MATCHES
from governance.routing.target_rules import PRIORITY_RANGE

MAX_CONDITIONS: Final = 20
MAX_KEYWORDS: Final = 200
MAX_COUNT: Final = 1_000_000_000


def rule_problems(document: object) -> list[Problem]:
    """Every rule a heuristic rule's document breaks. Takes any JSON value and never raises.

    Its fields are `name`, `profile`, `match`, `enabled` and `conditions`, a list of objects with
    `feature`, `operator` and `value`. The profile need not exist yet.
    """
    if not isinstance(document, Mapping):
        return [Problem("", "type", f"A rule must be an object, not {kind_of(document)}.")]
    fields = Fields(document)
    fields.text("name", required=True)
    fields.text("profile", required=True)
    fields.choice("match", ("all", "any"), default="all")
    fields.flag("enabled", default=True)
    conditions = document.get("conditions")
    if conditions is None:
        return fields.found
    if not isinstance(conditions, list | tuple):
        message = f"conditions must be a list, not {kind_of(conditions)}."
        fields.note("conditions", "type", message)
    elif len(conditions) > MAX_CONDITIONS:
        message = f"A rule has at most {MAX_CONDITIONS} conditions."
        fields.note("conditions", "too_many", message)
    else:
        for index, condition in enumerate(conditions):
            fields.found += condition_problems(condition, f"conditions[{index}]")
    return fields.found


def condition_problems(document: object, path: str) -> list[Problem]:
    """What is wrong with one condition found at `path`."""
    if not isinstance(document, Mapping):
        return [Problem(path, "type", f"A condition must be an object, not {kind_of(document)}.")]
    fields = Fields(document, path)
    feature = fields.choice("feature", FEATURE_NAMES)
    if not feature:
        return fields.found
    if feature in NUMBERS:
        fields.choice("operator", tuple(COMPARISONS))
        if document.get("value") is None:
            fields.note("value", "required", "value is required.")
        fields.number("value", 0, MAX_COUNT)
    elif feature in FLAGS:
        fields.choice("operator", ("==",))
        if not isinstance(document.get("value"), bool):
            fields.note("value", "type", "value must be true or false.")
    else:
        fields.choice("operator", ("any",))
        _check_keywords(fields, document.get("value"))
    return fields.found


def mapping_problems(
    document: object, compile_regex: Callable[[str], Callable[[str], bool]]
) -> list[Problem]:
    """Every rule a model mapping's document breaks. Takes any JSON value and never raises.

    `compile_regex` is the one the table is compiled with; whatever it raises is a problem here.
    """
    if not isinstance(document, Mapping):
        return [Problem("", "type", f"A mapping must be an object, not {kind_of(document)}.")]
    fields = Fields(document)
    pattern = fields.text("pattern", required=True)
    match = fields.choice("match", MATCHES)
    fields.text("destination", required=True)
    fields.number("priority", *PRIORITY_RANGE, integer=True)
    fields.flag("enabled", default=True)
    if pattern and match == "regex":
        try:
            compile_regex(pattern)
        except Exception as error:
            message = f"pattern is not a regular expression: {error}"
            fields.note("pattern", "invalid", message)
    return fields.found


def _check_keywords(fields: Fields, value: object) -> None:
    if not isinstance(value, list | tuple) or not value:
        fields.note("value", "type", "value must be a list of keywords.")
        return
    if len(value) > MAX_KEYWORDS:
        fields.note("value", "too_many", f"value must have at most {MAX_KEYWORDS} keywords.")
        return
    for index, keyword in enumerate(value):
        if not isinstance(keyword, str) or not keyword.strip():
            fields.note(f"value[{index}]", "type", "A keyword must be a string that is not blank.")
