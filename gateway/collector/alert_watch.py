"""Watching what alerts are about, beside the collector's work, and sending what is to be told.

On a thread of its own, since a webhook may take its time while records come in. What was told
stands in the database, so whoever looks next, here or on another node, goes on from there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import structlog
from django.db import DatabaseError, InterfaceError, connection

from gateway.collector import alert_delivery
from gateway.collector.limit_exchange import Total
from governance import alert_events
from governance.alerts import CONDITIONS
from governance.alerts.signals import LimitSituation
from governance.interactions.alert_signals import LogSignals
from governance.limits import MEASURES
from governance.limits.counting.counter import CONCURRENT
from governance.limits.limit import LimitEntry
from governance.models import AlertDelivery, AlertRule
from governance.ports import DeliveryFailed

log = structlog.get_logger("pointsman.alerts")

LOOK_SECONDS: Final = 5.0
"""Between two looks at what happens."""
SEND_SECONDS: Final = 1.0
"""Between two looks for messages that are due."""
TIDY_SECONDS: Final = 3600.0


def _now() -> datetime:
    return datetime.now(UTC)


class AlertWatch:
    """`offer` is called by the collector, everything else happens on the thread."""

    def __init__(self, clock: Callable[[], datetime] = _now) -> None:
        self._clock = clock
        self._known: tuple[Sequence[Total], Mapping[int, LimitEntry]] | None = None
        """What is used of limits, and those in force by id; None before it is known."""
        self._watching = False
        self._ending = threading.Event()
        self._look_at = self._tidy_at = 0.0
        self._trouble = ""
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(2)

    def offer(
        self,
        totals: Callable[[], Sequence[Total]],
        limits: Callable[[], Mapping[int, LimitEntry]],
    ) -> None:
        """What the collector knows of limits; asked for only where it matters."""
        if self._watching:
            self._known = totals(), limits()

    def turn(self) -> None:
        """One look, and everything that is due is sent. Raises what the database raises."""
        now = self._clock()
        rows = list(AlertRule.objects.filter(enabled=True).order_by("pk"))
        rows = [row for row in rows if row.condition in CONDITIONS]
        self._watching = any(CONDITIONS[row.condition].watches == "limit" for row in rows)
        totals, limits = self._known or ((), {})
        if self._known is None:
            rows = [row for row in rows if CONDITIONS[row.condition].watches != "limit"]
        if rows:
            situations = situations_of(totals, limits, now.timestamp())
            alert_events.observe(rows, LogSignals(now, situations, limits))
        self.send()

    def send(self) -> None:
        """Whatever is due."""
        for delivery in alert_events.due(self._clock()):
            if self._ending.is_set():
                return
            if alert_events.claim(delivery, self._clock()):
                self._deliver(delivery)

    def _deliver(self, delivery: AlertDelivery) -> None:
        message = alert_events.message_of(delivery)
        try:
            alert_delivery.send(delivery.channel, delivery.event.rule, message)
        except DeliveryFailed as error:
            alert_events.failed(delivery, self._clock(), str(error))
            log.warning("alert_not_delivered", alert=message.rule, channel=delivery.channel)
        else:
            alert_events.delivered(delivery, self._clock())

    def _run(self) -> None:
        try:
            while not self._ending.wait(SEND_SECONDS):
                self._step()
        finally:
            connection.close()

    def _step(self) -> None:
        try:
            if time.monotonic() >= self._look_at:
                self._look_at = time.monotonic() + LOOK_SECONDS
                self.turn()
            else:
                self.send()
            if time.monotonic() >= self._tidy_at:
                self._tidy_at = time.monotonic() + TIDY_SECONDS
                alert_events.forget_old(self._clock())
            self._trouble = ""
        except (DatabaseError, InterfaceError) as error:
            # Tried again at the next look; what was to be told is told then.
            if self._trouble != type(error).__name__:
                self._trouble = type(error).__name__
                log.warning("alerts_not_watched", error=self._trouble)
            connection.close()
        except Exception as error:
            log.error("alert_failed", exc_info=error)


def situations_of(
    totals: Sequence[Total], limits: Mapping[int, LimitEntry], now: float
) -> list[LimitSituation]:
    """The counters of limits in force whose windows go on."""
    found = []
    for one in totals:
        limit = limits.get(one.limit)
        if limit is None or (one.begin and one.end and one.end <= now):
            continue
        amount = limit.allowed(now) * MEASURES[limit.measure].scale
        used = one.held if limit.measure == CONCURRENT else one.used
        found.append(LimitSituation(limit, one.scope, used, amount, one.begin))
    return found
