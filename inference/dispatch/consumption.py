"""What a finished request used of limits, and who is told when little is left."""

from __future__ import annotations

import structlog

from governance.limits.counting.allotment import BoundCounters
from governance.limits.measure import Consumption
from governance.routing.request import RoutingRequest
from inference.record.record import RequestContext
from inference.values.usage import Usage

log = structlog.get_logger("pointsman.limits")


def consumption(usage: Usage, price: float | None, requests: float = 0) -> Consumption:
    return Consumption(
        usage.prompt,
        usage.completion,
        price,
        cached_tokens=usage.cached,
        reasoning_tokens=usage.reasoning,
        requests=requests,
        units=usage.units or None,
    )


def complete(context: RequestContext) -> None:
    """Puts the usage to the last attempt; a stream whose provider never told it gets an estimate
    from what was relayed, for it was made all the same."""
    if not context.attempts:
        return
    last = context.attempts[-1]
    if last.usage is None:
        last.usage = context.usage
    if last.usage is not None:
        return
    ask: RoutingRequest | None = context.routing_request
    begun = context.first_token is not None and context.relayed > 0
    if begun and ask is not None and ask.stream:
        last.usage = context.usage = Usage(ask.features.prompt_tokens, context.relayed)
        last.estimated = True


def warn(counters: BoundCounters, now: float) -> None:
    """Once for each limit, percent and window."""
    for one, percent in counters.crossed(now):
        log.warning(
            "limit_nearly_reached", limit=one.limit.name, owner=one.limit.owner, percent=percent
        )
