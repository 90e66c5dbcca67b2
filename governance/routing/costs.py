"""What one request is expected to cost at each target, for strategies that go by prices. PURE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean
from typing import Final

from governance.routing.breaker import HealthReader
from governance.routing.eligibility import EligibleTarget
from governance.routing.request import RoutingRequest
from governance.routing.table import Profile, RoutingTable
from governance.strategies import strategy_named
from governance.texts import gettext

TYPICAL_ANSWER: Final = 300
"""Tokens, where none of the targets has answered yet."""
_NO_ANSWER: Final = frozenset({"embeddings", "moderations", "rerank"})
"""Request types whose answers have no tokens."""


def priced(
    targets: Sequence[EligibleTarget],
    request: RoutingRequest,
    table: RoutingTable,
    health: HealthReader,
) -> list[EligibleTarget]:
    """The targets with what the request is expected to come to there.

    Answers are as long as each target's were lately, since models are not equally wordy; one that
    has not answered yet is taken for an average one. What the caller allows is the most.
    """
    seen = [health.answer_tokens(one.provider, one.model) for one in targets]
    known = [tokens for tokens in seen if tokens > 0]
    average = fmean(known) if known else float(TYPICAL_ANSWER)
    most = request.answer_limit
    priced_ones = []
    for one, tokens in zip(targets, seen, strict=True):
        answer = tokens or average
        if request.request_type in _NO_ANSWER:
            answer = 0.0
        elif most is not None:
            answer = min(answer, most)
        candidate = one.candidate
        prompt = request.features.prompt_tokens
        cost = table.expected_cost(candidate.provider, candidate.model, prompt, answer)
        priced_ones.append(replace(one, cost=cost))
    return priced_ones


def goes_by_prices(profile: Profile) -> bool:
    """Whether its strategy asks what a request will cost."""
    return profile.enabled and strategy_named(profile.strategy).reads_prices


def words(cost: float | None) -> str:
    """What operators read of a target's expected cost."""
    if cost is None:
        return gettext("No price of it is known: tried after those with one.")
    if not cost:
        return gettext("The request costs nothing there.")
    return gettext("The request is expected to cost $%(cost)s there.") % {"cost": f"{cost:.6f}"}
