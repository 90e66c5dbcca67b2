"""The rules of a heuristic rule's conditions, which are objects within one field; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from governance.routing.fields import Fields, Problem, kind_of
from governance.routing.heuristics import COMPARISONS, FEATURE_NAMES, FLAGS, TEXTS
from governance.texts import gettext

CONDITION_FIELDS: Final = ("feature", "operator", "value")
MAX_CONDITIONS: Final = 20
MAX_KEYWORDS: Final = 200
MAX_KEYWORD: Final = 200
"""Characters."""
MAX_NUMBER: Final = 1_000_000_000


def conditions_problems(conditions: object) -> list[Problem]:
    """What is wrong with the conditions, any JSON value; null and none at all hold always."""
    if conditions is not None and not isinstance(conditions, list | tuple):
        message = gettext("conditions must be a list, not %(kind_of)s.") % {
            "kind_of": kind_of(conditions)
        }
        return [Problem("conditions", "type", message)]
    if conditions and len(conditions) > MAX_CONDITIONS:
        message = gettext("A heuristic rule has at most %(max_conditions)s conditions.") % {
            "max_conditions": MAX_CONDITIONS
        }
        return [Problem("conditions", "too_many", message)]
    return [
        problem
        for index, condition in enumerate(conditions or ())
        for problem in _condition_problems(condition, f"conditions[{index}]")
    ]


def _condition_problems(condition: object, path: str) -> list[Problem]:
    if not isinstance(condition, Mapping):
        message = gettext("A condition must be an object, not %(kind_of)s.") % {
            "kind_of": kind_of(condition)
        }
        return [Problem(path, "type", message)]
    fields = Fields(condition, path)
    fields.unknown(CONDITION_FIELDS, gettext("A condition"))
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
            fields.note(
                "value",
                "type",
                gettext("value must be true or false for %(feature)s.") % {"feature": feature},
            )
    else:
        fields.choice("operator", tuple(COMPARISONS))
        if value is None:
            fields.note("value", "required", gettext("value is required."))
        else:
            fields.number("value", 0, MAX_NUMBER)
    return fields.found


def _check_keywords(fields: Fields, value: object) -> None:
    if not isinstance(value, list | tuple) or not value:
        fields.note("value", "type", gettext("value must be a list of keywords."))
    elif len(value) > MAX_KEYWORDS:
        fields.note(
            "value",
            "too_many",
            gettext("value must have at most %(max_keywords)s keywords.")
            % {"max_keywords": MAX_KEYWORDS},
        )
    else:
        for index, keyword in enumerate(value):
            one = Fields({"keyword": keyword})
            one.text("keyword", MAX_KEYWORD, required=True)
            if one.found:
                message = gettext(
                    "A keyword must be a string of 1 to %(max_keyword)s characters."
                ) % {"max_keyword": MAX_KEYWORD}
                fields.note(f"value[{index}]", "invalid", message)
