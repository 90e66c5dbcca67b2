"""Costs worked out again: rows and ledger agree afterwards, and a revision says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import Sum

from gateway.collector.collector import Collector
from governance import services
from governance.models import AuditEntry, Interaction, Revision, UsageBucket
from governance.services import PRICES
from governance.services.costs import recompute_costs
from inference.values.usage import Usage
from tests.governance.conftest import provider_document
from tests.governance.interactions.request_contexts import NOON, attempt, request_context
from tests.support.collecting import places_in, write

pytestmark = pytest.mark.django_db(transaction=True)
BEGIN = datetime.fromtimestamp(NOON, UTC) - timedelta(hours=1)
END = BEGIN + timedelta(hours=2)


@pytest.fixture(autouse=True)
def rows(db: None, tmp_path: Any) -> None:
    services.save_provider(provider_document("fast", base_url="http://10.0.0.1/v1"), who="t")
    contexts = [
        request_context(
            id=f"r{place}",
            attempts=[attempt(usage=Usage(1000, 500))],
            usage=Usage(1000, 500),
        )
        for place in range(3)
    ]
    where = places_in(tmp_path)
    write(where.segments, contexts)
    collector = Collector(where, receive_gauges=False)
    collector.run_once()
    collector.close()


def price(**changes: Any) -> None:
    document = {"provider": "fast", "model": "*", "input": "1000", "output": "2000"}
    PRICES.save({**document, "valid_from": "2020-01-01", **changes}, who="t")


def test_it_works() -> None:
    price()
    expected = recompute_costs(BEGIN, END, who="t", dry_run=True)
    assert (expected.requests, expected.changed, expected.micro_usd) == (3, 3, 6_000_000)
    assert "would be" in expected.words
    assert not UsageBucket.objects.filter(cost_micro_usd__gt=0).exists()
    done = recompute_costs(BEGIN, END, who="ann")
    assert done.micro_usd == 6_000_000
    ledger = UsageBucket.objects.aggregate(cost=Sum("cost_micro_usd"), unpriced=Sum("unpriced"))
    assert ledger == {"cost": 6_000_000, "unpriced": 0}
    row = Interaction.objects.first()
    assert row is not None
    assert row.cost_usd == 2.0
    assert row.attempts[0]["price"]["completion"] == 2000
    last = Revision.objects.latest("version")
    assert (last.who, last.action) == ("ann", "recompute")
    entry = AuditEntry.objects.latest("pk")
    assert (entry.actor, entry.action, entry.object_type) == ("ann", "recompute", "price")
    assert entry.changes[-1].startswith("Of 3 requests the costs of 3 are others now")
    assert recompute_costs(BEGIN, END, who="t").changed == 0, "once is enough"


def test_only_what_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    price()
    assert recompute_costs(BEGIN, END, who="t", provider="other").requests == 0
    assert recompute_costs(END, END, who="t").requests == 0
    day = BEGIN.date().isoformat()
    until = ("--to", END.isoformat().replace("+00:00", "Z"))
    call_command("recompute_costs", "--from", day, *until, "--provider", "FAST")
    assert "+6.000000 US dollars" in capsys.readouterr().out
