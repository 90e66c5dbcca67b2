"""Tokens and money."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter

from gateway.collector.record_metrics.record_metric import (
    RecordMetric,
    profile_of,
    registry,
    series,
)
from governance.interactions.record import InteractionRecord

TOKENS: Final = Counter(
    "pointsman_tokens",
    "Tokens as providers counted them; cached ones are part of the prompt, reasoning of the "
    "completion.",
    ("profile", "provider", "kind"),
    registry=registry,
)
COST: Final = Counter(
    "pointsman_cost_usd",
    "Estimated cost by public list prices, in US dollars.",
    ("profile", "provider"),
    registry=registry,
)


def count(record: InteractionRecord) -> None:
    profile = profile_of(record)
    if record.usage is not None:
        for kind in ("prompt", "completion", "cached", "reasoning"):
            if tokens := getattr(record.usage, kind):
                series(TOKENS, profile, record.provider, kind).inc(tokens)
    if record.cost_usd:
        series(COST, profile, record.provider).inc(record.cost_usd)


METRIC = RecordMetric("usage", "Tokens and cost", count, rank=40)
