"""The record of a line with its costs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from governance.interactions.record import AttemptRecord, InteractionRecord
from governance.prices import PriceList, Seller
from inference.record.lines import Line

LISTED = PriceList()
"""The public prices alone."""


def price(line: Line, prices: PriceList = LISTED) -> InteractionRecord:
    """The record of a line with what each attempt cost, and all of them together.

    What the web process has worked out already stays. 0 for local inference; None without usage,
    or where no price is known.
    """
    record = line.record
    if not any(line.sellers):
        return record
    at = datetime.fromisoformat(record.time).timestamp()
    price_attempts(record.attempts, line.sellers, record.answered_model, at, prices)
    total = total_cost(record.attempts)
    return record if total is None else msgspec.structs.replace(record, cost_usd=total)


def price_attempts(
    attempts: Sequence[AttemptRecord],
    sellers: Sequence[Seller | None],
    answered_model: str,
    at: float,
    prices: PriceList,
) -> None:
    """Notes with each attempt that used something what it cost and by which price."""
    for attempt, seller in zip(attempts, sellers, strict=False):
        usage = attempt.usage
        if seller is None or usage is None or attempt.cost_usd is not None:
            continue
        answered = answered_model if attempt is attempts[-1] else ""
        attempt.price, attempt.cost_usd = prices.cost(
            attempt.provider, seller, attempt.model, answered, usage, at
        )


def total_cost(attempts: Sequence[AttemptRecord]) -> float | None:
    """Of all attempts whose cost is known; None where none is."""
    costs = [one.cost_usd for one in attempts if one.cost_usd is not None]
    return sum(costs) if costs else None
