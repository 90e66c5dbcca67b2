"""Heuristic rules: which profile suits a request that names no model."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from governance.routing.request import Features
from governance.routing.table import Condition, HeuristicRuleEntry

NUMBERS: Final = ("last_user_characters", "prompt_tokens", "messages", "tools", "images")
FLAGS: Final = ("reasoning",)
TEXTS: Final = ("last_user_text",)
FEATURE_NAMES: Final = NUMBERS + FLAGS + TEXTS

COMPARISONS: Final[dict[str, Callable[[float, float], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
}
OPERATORS: Final = (*COMPARISONS, "any")


def matches(rule: HeuristicRuleEntry, features: Features) -> bool:
    """Whether the rule's conditions hold; a rule without conditions always does."""
    if not rule.conditions:
        return True
    together = any if rule.match == "any" else all
    return together(holds(condition, features) for condition in rule.conditions)


def holds(condition: Condition, features: Features) -> bool:
    """Whether one condition holds. One that makes no sense holds for nothing.

    Numbers are compared, `reasoning` is `==` true or false, and `last_user_text` holds `any` of
    some keywords.
    """
    name, value = condition.feature, condition.value
    if name in TEXTS:
        return (
            condition.operator == "any"
            and isinstance(value, tuple)
            and has_keyword(features.last_user_text, value)
        )
    if name not in NUMBERS and name not in FLAGS:
        return False
    compare = COMPARISONS.get(condition.operator)
    if compare is None or isinstance(value, tuple):
        return False
    return compare(getattr(features, name), value)


def has_keyword(text: str, keywords: tuple[str, ...]) -> bool:
    """Whether a keyword stands in the text as whole words, whatever its case.

    `sql` is found in "Some SQL, please" and not in "sqlite".
    """
    pattern = _pattern(keywords)
    return pattern is not None and pattern.search(text.casefold()) is not None


@lru_cache(maxsize=256)
def _pattern(keywords: tuple[str, ...]) -> re.Pattern[str] | None:
    words = [re.escape(word.casefold()) for word in keywords if word.strip()]
    return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)") if words else None
