"""What is known of a provider's models, so that it need not be found out by asking: what they
refuse, and how long they answer at most."""

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


@dataclass(frozen=True, slots=True, eq=False)
class ModelRule:
    """What holds for the models whose name holds the pattern. A rule is itself alone: what is
    remembered of rules is looked up for every request, by their identity."""

    models: str
    """A regular expression, searched without regard to case: names come with a vendor before
    them (`anthropic/`, `anthropic.`) and a date behind."""
    fixes: tuple[Fix, ...] = ()
    """Of every request to them."""
    max_output_tokens: int | None = None
    """The first rule that says it counts."""


@lru_cache(maxsize=4096)
def fixes_for(rules: tuple[ModelRule, ...], model: str) -> tuple[Fix, ...]:
    """What is changed in requests to a model before they are sent."""
    return tuple(
        fix for rule in rules if re.search(rule.models, model, re.IGNORECASE) for fix in rule.fixes
    )


@lru_cache(maxsize=4096)
def longest_answer(rules: tuple[ModelRule, ...], model: str) -> int | None:
    """How many tokens a model answers with at most, None where no rule tells."""
    for rule in rules:
        if rule.max_output_tokens and re.search(rule.models, model, re.IGNORECASE):
            return rule.max_output_tokens
    return None
