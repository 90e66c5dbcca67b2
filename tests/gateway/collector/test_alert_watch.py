"""Alerts from the log, the ledger and the counters to a webhook: once each, and with an end."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail

from gateway.collector.alert_watch import AlertWatch
from gateway.collector.limit_exchange import Total
from governance.alert_events import MOST_TRIES
from governance.limits.limit import LimitEntry
from governance.models import AlertDelivery, AlertEvent, Interaction, UsageBucket
from governance.services import ALERTS, GROUPS
from tests.support.webhook_receiver import WebhookReceiver, webhook_receiver

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 28, 12, 7, tzinfo=UTC)
MONTH = datetime(2026, 11, 1, tzinfo=UTC).timestamp()
DECEMBER = datetime(2026, 12, 1, tzinfo=UTC).timestamp()


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with webhook_receiver() as made:
        yield made


class World:
    """What a collector knows, and the watch that looks at it; a new one is a restart."""

    def __init__(self) -> None:
        limit = LimitEntry(7, "team", measure="cost", amount=100.0, warn_at=(80.0, 95.0))
        self.limits = {7: limit}
        self.used = 0.0
        self.touched = True
        self.now = NOW
        self.restart()

    def restart(self) -> None:
        self.watch = AlertWatch(lambda: self.now)

    def look(self, now: datetime = NOW) -> None:
        self.now = now
        self.watch.turn()
        self.watch.offer(self._totals, lambda: self.limits)
        self.watch.turn()

    def _totals(self) -> list[Total]:
        used = Total(7, "", MONTH, self.used * 1e6, 0.0, True, DECEMBER)
        return [used] if self.touched else []


@pytest.fixture
def world() -> World:
    return World()


def alert(receiver: WebhookReceiver | None = None, **changes: Any) -> int:
    url = {} if receiver is None else {"webhook_url": f"{receiver.url}/hook?key=1"}
    document = {"name": "a", "condition": "limit_reached", **url, **changes}
    return int(ALERTS.save(document, who="t").document["id"])


def test_it_works(world: World, receiver: WebhookReceiver) -> None:
    """Once for each percent and window, whatever restarts, and with an end."""
    identity = alert(receiver, webhook_secret="s3cret")
    world.used = 79.9
    world.look()
    assert not receiver.bodies
    world.used = 81.0
    for _ in range(3):
        world.look()
        world.restart()
    (told,) = receiver.documents
    assert receiver.paths == ["/hook?key=1"]
    assert told == {
        "id": told["id"],
        "type": "alert.began",
        "alert": {"id": identity, "name": "a", "condition": "limit_reached"},
        "title": 'The limit "team" of this service is used up to 81 %',
        "detail": "$81.00 of $100.00 are used.",
        "cause": "7/80/",
        "value": 81,
        "began_at": "2026-11-28T12:07:00Z",
        "ended_at": None,
    }
    world.touched = False
    world.restart()
    world.look()
    assert len(receiver.bodies) == 1, "silence is no end"
    world.look(NOW + timedelta(days=3))
    assert [one["type"] for one in receiver.documents] == ["alert.began", "alert.ended"]
    assert receiver.documents[1]["title"].startswith("Over: ")
    for body, headers in zip(receiver.bodies, receiver.headers, strict=True):
        at, signed = headers["x-pointsman-signature"].removeprefix("t=").split(",v1=")
        mac = hmac.new(b"s3cret", f"{at}.".encode() + body, hashlib.sha256)
        assert hmac.compare_digest(signed, mac.hexdigest())


def test_of_what_is_reached_in_one_leap_the_furthest_is_told(
    world: World, receiver: WebhookReceiver
) -> None:
    alert(receiver)
    world.used = 99.0
    world.look()
    assert [one["cause"] for one in receiver.documents] == ["7/95/"]
    world.used = 50.0
    world.look()
    assert [one["type"] for one in receiver.documents] == ["alert.began", "alert.ended"]
    assert not AlertEvent.objects.filter(ended_at=None).exists()
    world.used = 99.0
    world.look()
    assert len(receiver.bodies) == 2, "what comes back within its period is no news"
    assert AlertEvent.objects.filter(ended_at=None).count() == 2


def test_a_receiver_that_is_away_gets_it_later_and_in_order(
    world: World, receiver: WebhookReceiver
) -> None:
    alert(receiver, threshold=50)
    world.used, receiver.statuses = 60.0, [500, 503]
    world.look()
    world.look()
    assert len(receiver.bodies) == 1, "not before its time"
    world.used = 10.0
    world.look()
    world.look(NOW + timedelta(seconds=6))
    world.look(NOW + timedelta(minutes=1))
    world.look(NOW + timedelta(minutes=1))
    types = [one["type"] for one in receiver.documents]
    assert types == ["alert.began"] * 3 + ["alert.ended"]
    assert len({one["id"] for one in receiver.documents}) == 2, "each try is the same message"


def test_it_is_given_up_at_last(world: World, receiver: WebhookReceiver) -> None:
    alert(receiver, threshold=50)
    world.used, receiver.statuses = 60.0, [404] * 50
    for hours in range(MOST_TRIES + 5):
        world.look(NOW + timedelta(hours=2 * hours))
    assert len(receiver.bodies) == MOST_TRIES
    delivery = AlertDelivery.objects.get()
    assert delivery.state == "given up"
    assert delivery.trouble == "It answered with the status 404."


def test_nodes_that_look_at_once_tell_it_once(world: World, receiver: WebhookReceiver) -> None:
    alert(receiver, threshold=50)
    other = World()
    world.used, other.touched = 60.0, False
    other.look()
    world.look()
    other.look()
    world.look()
    assert len(receiver.bodies) == 1


def test_by_mail(world: World, settings: Any) -> None:
    settings.EMAIL_CONFIGURED = True
    alert(threshold=50, emails=["ann@example.com", "bob@example.com"])
    world.used = 60.0
    world.look()
    (sent,) = mail.outbox
    assert sent.to == ["ann@example.com", "bob@example.com"]
    assert sent.subject == '[Pointsman] The limit "team" of this service is used up to 60 %'
    assert 'Sent by the alert "a".' in sent.body


def interactions(count: int, **changes: Any) -> None:
    attempt = {"provider": "acme", "outcome": "ok", "code": "ok"}
    values = {
        "time": NOW - timedelta(minutes=1),
        "protocol": "openai",
        "outcome": "ok",
        "provider": "acme",
        "profile_id": "light",
        "profile_name": "Light",
        "attempts": [attempt],
        "fallback": "none",
        "first_token_ms": 100.0,
    }
    Interaction.objects.bulk_create(Interaction(**{**values, **changes}) for _ in range(count))


def titles() -> list[str]:
    return list(AlertEvent.objects.filter(ended_at=None).values_list("title", flat=True))


def test_a_provider_that_fails(world: World) -> None:
    alert(condition="provider_failing")
    failed = {"provider": "acme", "outcome": "retryable", "code": "http_503"}
    mended = {"provider": "other", "outcome": "ok", "code": "ok"}
    interactions(4, attempts=[failed, mended], provider="other", fallback="target")
    world.look()
    assert titles() == [], "four say nothing"
    interactions(1, attempts=[failed, mended])
    world.look()
    (event,) = AlertEvent.objects.all()
    assert event.title == "The provider acme is failing"
    assert event.detail.endswith("failed (100 %), the latest: http 503.")
    interactions(6)
    world.look()
    assert titles() == []


def test_many_fall_back(world: World) -> None:
    alert(condition="fallback_share", threshold=25, least=4)
    interactions(3)
    interactions(1, fallback="local")
    world.look()
    assert titles() == ["25 % of the requests of Light fall back"]


def test_first_tokens_come_late(world: World) -> None:
    alert(condition="first_token", threshold=2)
    interactions(18)
    interactions(2, first_token_ms=2500.0)
    world.look()
    assert titles() == ["The provider acme is slow to begin its answers"]
    interactions(30)
    world.look()
    assert titles() == []


def test_spending_jumps(world: World) -> None:
    group = GROUPS.save({"name": "Blue"}, who="t").document["id"]
    alert(condition="spend_jump", subject=group, least=5)
    place = {"group_id": group, "provider": "acme"}
    week_ago = NOW - timedelta(days=7, hours=2)
    UsageBucket.objects.create(start=week_ago, cost_micro_usd=4_000_000, **place)
    UsageBucket.objects.create(start=NOW - timedelta(hours=2), cost_micro_usd=7_900_000, **place)
    world.look()
    assert titles() == []
    UsageBucket.objects.create(start=NOW - timedelta(hours=3), cost_micro_usd=200_000, **place)
    world.look()
    assert titles() == ['The spending of the group "Blue" has jumped']
