"""What copies and cached answers add to the ledger, to limits, to sums and to metrics."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any

import pytest

from gateway.collector.record_metrics import attempts as attempts_metric
from gateway.collector.record_metrics import cache as cache_metric
from gateway.collector.record_metrics import requests as requests_metric
from gateway.collector.record_metrics.record_metric import registry
from gateway.collector.store import Store
from governance.interactions.ledger import add_up, add_up_traffic
from governance.interactions.limit_use import used_in_ledger
from governance.interactions.record import FROM_CACHE
from governance.interactions.rows import record_of
from governance.limits.limit import LimitEntry
from governance.limits.windows import Window
from governance.models import Interaction, UsageBucket
from governance.services.costs import recompute_costs
from governance.what_if.past import last_requests
from inference.record.describe import describe
from tests.governance.interactions.request_contexts import attempt, plan, request_context
from tests.governance.interactions.rows import insert

LIVE = request_context(id="req_live", shadow="shadow/1", cache="miss", attempts=[attempt()])
COPY = request_context(
    id="shadow/1", shadow_of="req_live", plan=plan(reason="shadow"), attempts=[attempt()]
)
HIT = request_context(
    id="req_hit", cache="hit", attempts=[attempt(code=FROM_CACHE, status=0, cost_usd=0.0)]
)


def test_the_ledger_tells_copies_apart_and_counts_no_attempt_for_a_hit() -> None:
    found = add_up([describe(one) for one in (LIVE, COPY, HIT)])
    counted = {place.shadow: (used.requests, used.attempts) for place, used in found.items()}
    assert counted == {False: (2, 1), True: (0, 1)}


@pytest.mark.django_db
def test_limits_count_requests_alone() -> None:
    """The ledger has both, in rows of their own; a limit's sum is that of requests."""
    store = Store("node")
    records = [describe(one) for one in (LIVE, COPY)]
    store.commit(records, [], {})
    store.commit(records, [], {})
    assert UsageBucket.objects.count() == 2
    values: dict[str, Any] = {"subject_type": "everything", "subject_id": ""}
    tokens = LimitEntry(1, "cap", measure="tokens", amount=1.0, **values)
    whole = Window(0.0, inf)
    mine = records[0].attempts[0].usage
    assert mine is not None
    assert used_in_ledger(tokens, whole) == 2 * mine.total
    day = datetime.fromtimestamp(LIVE.at, UTC)
    recompute_costs(day - timedelta(days=1), day + timedelta(days=1), who="t")
    assert UsageBucket.objects.filter(shadow=True).get().attempts == 2


@pytest.mark.django_db
def test_nobody_asked_for_a_copy() -> None:
    insert([describe(one) for one in (LIVE, COPY, HIT)])
    passed = add_up_traffic([describe(one) for one in (LIVE, COPY, HIT)])
    assert sum(one.requests for one in passed.values()) == 2
    assert sum(one.attempts for one in passed.values()) == 1
    assert len(last_requests(10)) == 2
    rows = {row.request_id: record_of(row) for row in Interaction.objects.all()}
    assert rows["shadow/1"].decision.shadow_of == "req_live"
    assert rows["req_live"].decision.shadow == "shadow/1"
    assert rows["req_hit"].decision.cache == "hit"


def sample(name: str, **labels: str) -> float:
    return registry.get_sample_value(name, labels) or 0.0


def test_metrics_count_requests_and_what_came_of_the_cache() -> None:
    before = {
        result: sample("pointsman_cache_requests_total", profile="Light", result=result)
        for result in ("hit", "miss")
    }
    tried = sample("pointsman_upstream_attempts_total", provider="fast", outcome="ok")
    for context in (LIVE, COPY, HIT):
        for metric in (cache_metric, attempts_metric, requests_metric):
            metric.count(describe(context))
    for result, was in before.items():
        now = sample("pointsman_cache_requests_total", profile="Light", result=result)
        assert now == was + 1
    assert sample("pointsman_upstream_attempts_total", provider="fast", outcome="ok") == tried + 2
