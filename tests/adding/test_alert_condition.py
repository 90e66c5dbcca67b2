"""A condition of alerts is a file: it is offered, checked, looked at and told of."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.collector.alert_watch import AlertWatch
from governance.alerts import CONDITIONS, AlertCondition, AlertRuleEntry, Finding
from governance.alerts.signals import Signals
from governance.models import AlertEvent
from governance.services import ALERTS

pytestmark = pytest.mark.django_db


def find(rule: AlertRuleEntry, signals: Signals) -> Iterator[Finding]:
    count = len(signals.recent(rule.minutes))
    if count <= (rule.threshold or 0):
        yield Finding("quiet", f"{signals.now:%Y-%m-%d}", "It is quiet", f"{count} requests", count)


@pytest.fixture(autouse=True)
def condition() -> Iterator[None]:
    made = AlertCondition(
        *("quiet", "It is quiet", "At most so many requests.", find),
        unit="requests",
        watches="profile",
        threshold=1.0,
    )
    CONDITIONS.register(made)
    yield
    CONDITIONS.unregister("quiet")


def test_it_works() -> None:
    ALERTS.save({"name": "night", "condition": "quiet"}, who="t")
    AlertWatch().turn()
    assert AlertEvent.objects.get().detail == "0 requests"
