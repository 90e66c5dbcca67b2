"""What a provider's models are known to refuse, so that it need not be found out by asking."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple


class Fix(NamedTuple):
    """One change of a request: a repair of `inference.translate.repairs` and what it is about."""

    repair: str
    value: str = ""
    """A member's name or a number, as the repair wants it."""


@dataclass(frozen=True, slots=True)
class ModelRule:
    """Fixes for every request to the models whose name holds the pattern."""

    models: str
    """A regular expression, searched without regard to case: names come with a vendor before
    them (`anthropic/`, `anthropic.`) and a date behind."""
    fixes: tuple[Fix, ...]


@lru_cache(maxsize=4096)
def fixes_for(rules: tuple[ModelRule, ...], model: str) -> tuple[Fix, ...]:
    """What is changed in requests to a model before they are sent."""
    return tuple(
        fix for rule in rules if re.search(rule.models, model, re.IGNORECASE) for fix in rule.fixes
    )
