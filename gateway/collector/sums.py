"""Records added up by the way they went, on the event loop: what metrics are told of later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec

from gateway.collector.spread import Spread
from governance.interactions.record import InteractionRecord


class Way(NamedTuple):
    """What tells requests apart for metrics. Holds names alone: no record is kept for it."""

    protocol: str
    request_type: str
    profile: str | None
    """Name of the profile; None when none was chosen."""
    reason: str
    provider: str
    """Of the last attempt."""
    outcome: str
    error_code: str
    fallback: str
    rejections: tuple[str, ...]
    """Why targets were passed over."""
    attempts: tuple[tuple[str, str], ...]
    """Provider and outcome of each."""


class Total(msgspec.Struct, gc=False):
    """What the requests of one way have in common, added up."""

    requests: int = 0
    prompt: int = 0
    completion: int = 0
    cached: int = 0
    reasoning: int = 0
    cost_usd: float = 0.0


SPENT: Final = ("prompt", "completion", "cached", "reasoning", "cost_usd")
"""Fields of `Total` that a request may have nothing of: tokens of each kind, and US dollars."""


class Times(msgspec.Struct, gc=False):
    """How long the requests to one provider took."""

    duration: Spread = msgspec.field(default_factory=Spread)
    first_token: Spread = msgspec.field(default_factory=Spread)


class Sums:
    """Requests by their way, and their times by provider. For one thread at a time."""

    def __init__(self) -> None:
        # Plain tuples, as `Way` but for what `add` leaves out: one is made for every request.
        self._totals: dict[tuple[Any, ...], Total] = {}
        # By provider alone: a series a bucket for each of thousands of profiles would cost more
        # than all that they count.
        self.times: dict[str, Times] = {}

    def ways(self) -> Iterator[tuple[Way, Total]]:
        for names, total in self._totals.items():
            way = Way(*names)
            if names[-1] is None:
                way = way._replace(attempts=((way.provider, way.outcome),))
            yield way, total

    def add(self, record: InteractionRecord) -> None:
        provider, profile, rejections = record.provider, record.profile, record.decision.rejections
        attempts = record.attempts
        # Most requests are answered at once, which goes without saying.
        at_once = len(attempts) == 1 and attempts[0].outcome == record.outcome
        way = (
            record.protocol,
            record.request_type,
            None if profile is None else profile.name,
            record.reason,
            provider,
            record.outcome,
            record.error_code,
            record.fallback,
            tuple([one.reason for one in rejections]) if rejections else (),
            None if at_once else tuple([(one.provider, one.outcome) for one in attempts]),
        )
        total = self._totals.get(way)
        if total is None:
            total = self._totals[way] = Total()
        total.requests += 1
        usage = record.usage
        if usage is not None:
            total.prompt += usage.prompt_tokens
            total.completion += usage.completion_tokens
            if usage.cached_tokens:
                total.cached += usage.cached_tokens
            if usage.reasoning_tokens:
                total.reasoning += usage.reasoning_tokens
        if record.cost_usd:
            total.cost_usd += record.cost_usd
        if attempts:
            self._time(record)

    def _time(self, record: InteractionRecord) -> None:
        times = self.times.get(record.provider)
        if times is None:
            times = self.times[record.provider] = Times()
        times.duration.add(record.duration_ms / 1000)
        if record.first_token_ms is not None:
            times.first_token.add(record.first_token_ms / 1000)
