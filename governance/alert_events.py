"""What alerts found, and the messages of it: each once, whoever looks and however often.

Several nodes may look at the same time, and any of them may be killed: an event is made once for
its cause and period by a constraint of the database, and a message is claimed before it is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, F, OuterRef

from governance.alerts import CONDITIONS, AlertRuleEntry, Finding
from governance.alerts.messages import BEGAN, ENDED, AlertMessage
from governance.alerts.signals import Signals
from governance.json_values import moment
from governance.models import AlertDelivery, AlertEvent, AlertRule

FIRST_PAUSE: Final = timedelta(seconds=5)
LONGEST_PAUSE: Final = timedelta(hours=1)
MOST_TRIES: Final = 10
"""Some five hours in all."""
CLAIM: Final = timedelta(minutes=2)
"""For how long a message is whoever's who sends it; longer than any sending takes."""
KEPT: Final = timedelta(days=90)
"""For how long events are kept after their end."""


def entry_of(row: AlertRule) -> AlertRuleEntry:
    """The alert with its condition's defaults."""
    condition = CONDITIONS[row.condition]
    return AlertRuleEntry(
        id=row.pk,
        name=row.name,
        condition=row.condition,
        threshold=condition.threshold if row.threshold is None else row.threshold,
        subject=row.subject,
        minutes=row.minutes or condition.minutes,
        least=condition.least if row.least is None else row.least,
    )


def observe(rows: Iterable[AlertRule], signals: Signals) -> None:
    """Notes what began and what is over, with the messages of it."""
    for row in rows:
        _observe(row, signals)


def _observe(row: AlertRule, signals: Signals) -> None:
    condition, rule = CONDITIONS[row.condition], entry_of(row)
    found = {one.cause: one for one in condition.find(rule, signals)}
    for event in AlertEvent.objects.filter(rule=row, ended_at=None):
        finding = found.get(event.cause)
        if finding is not None and (
            finding.period == event.period or not condition.ends_with_period
        ):
            del found[event.cause]
        elif finding is not None or condition.over(event.cause, event.period, signals):
            _end(row, event, signals.now)
    fresh = [one for one in found.values() if _begin(row, one, signals.now)]
    causes = {one.cause for one in fresh}
    for one in fresh:
        # Of what is reached in one leap the furthest says it all.
        if one.said_by not in causes:
            event = AlertEvent.objects.get(rule=row, cause=one.cause[:500], period=one.period)
            _queue(row, event, BEGAN, signals.now)


def _begin(row: AlertRule, finding: Finding, now: datetime) -> bool:
    """Whether this is news; what comes back within its period is no news."""
    event, made = AlertEvent.objects.get_or_create(
        rule=row,
        cause=finding.cause[:500],
        period=finding.period,
        defaults={
            "title": finding.title[:500],
            "detail": finding.detail,
            "value": finding.value,
            "kind": finding.kind,
            "subject": finding.subject[:200],
            "began_at": now,
        },
    )
    if not made:
        AlertEvent.objects.filter(pk=event.pk).update(ended_at=None)
    return made


def _end(row: AlertRule, event: AlertEvent, now: datetime) -> None:
    with transaction.atomic():
        mine = AlertEvent.objects.filter(pk=event.pk, ended_at=None).update(ended_at=now)
        if mine and event.deliveries.filter(phase=BEGAN).exists():
            _queue(row, event, ENDED, now)


def _queue(row: AlertRule, event: AlertEvent, phase: str, now: datetime) -> None:
    for channel in row.channels:
        AlertDelivery.objects.get_or_create(
            event=event, channel=channel, phase=phase, defaults={"next_at": now}
        )


def due(now: datetime, most: int = 50) -> Sequence[AlertDelivery]:
    """Messages to be sent now; that something is over comes after that it began."""
    began = AlertDelivery.objects.filter(
        event=OuterRef("event"), channel=OuterRef("channel"), phase=BEGAN, next_at__isnull=False
    )
    rows = AlertDelivery.objects.select_related("event__rule").filter(next_at__lte=now)
    return list(rows.exclude(Exists(began), phase=ENDED).order_by("next_at", "pk")[:most])


def claim(delivery: AlertDelivery, now: datetime) -> bool:
    """Whether the message is ours to send. One that died over it lets others try later."""
    mine = AlertDelivery.objects.filter(pk=delivery.pk, next_at=delivery.next_at)
    claimed = mine.update(next_at=now + CLAIM, tries=F("tries") + 1)
    delivery.tries += bool(claimed)
    return bool(claimed)


def delivered(delivery: AlertDelivery, now: datetime) -> None:
    mine = AlertDelivery.objects.filter(pk=delivery.pk)
    mine.update(done_at=now, next_at=None, trouble="")


def failed(delivery: AlertDelivery, now: datetime, trouble: str) -> None:
    """It is tried again, later each time, until it is given up."""
    again: datetime | None = None
    if delivery.tries < MOST_TRIES:
        again = now + min(LONGEST_PAUSE, FIRST_PAUSE * 4 ** (delivery.tries - 1))
    mine = AlertDelivery.objects.filter(pk=delivery.pk)
    mine.update(next_at=again, trouble=trouble[:300])


def message_of(delivery: AlertDelivery) -> AlertMessage:
    event = delivery.event
    rule = event.rule
    over = delivery.phase == ENDED
    return AlertMessage(
        delivery=f"{event.pk}-{delivery.phase}-{delivery.channel}",
        phase=delivery.phase,
        rule_id=rule.pk,
        rule=rule.name,
        condition=rule.condition,
        title=event.title,
        detail=event.detail,
        cause=event.cause,
        value=event.value,
        began_at=moment(event.began_at),
        ended_at=moment(event.ended_at) if over else None,
    )


def forget_old(now: datetime) -> None:
    """Events that were over long ago."""
    AlertEvent.objects.filter(ended_at__lt=now - KEPT).delete()
