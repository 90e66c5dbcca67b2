"""How nodes hint at each other how providers fare, by rows of the database that they share."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from django.db import DatabaseError, InterfaceError, connection

from gateway.collector.health_exchange import HealthHub
from governance.models import HealthHint
from inference.values.health_news import HealthFromAfar, TargetHealth

log = structlog.get_logger("pointsman.collector")

INTERVAL: Final = 0.1
"""Seconds between two looks."""
FULL_SECONDS: Final = 2.0
"""Numbers that only people read are told this often."""
STALE_SECONDS: Final = 30.0
"""A node that says nothing for so long is not believed any more."""
PAUSE_SECONDS: Final = 2.0
"""After an error of the database."""

Place = tuple[str, str, str]
"""Node, provider and model."""


class HealthHints:
    """For one process at a time."""

    def __init__(
        self, node: str, hub: HealthHub, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._node, self._hub, self._clock = node, hub, clock
        self._look_at = 0.0
        self._full_at = 0.0
        self._told: dict[tuple[str, str], TargetHealth] = {}
        self._heard: dict[Place, tuple[datetime, HealthFromAfar]] = {}
        self.shares_nodes = connection.vendor == "postgresql"
        """Other nodes may write to the same table."""

    def exchange(self) -> None:
        """Tells what is new and hears what others say. Raises nothing that passes."""
        now = self._clock()
        if not self.shares_nodes or now < self._look_at:
            if not self.shares_nodes:
                self._hub.fresh.clear()
            return
        self._look_at = now + INTERVAL
        try:
            self._tell(now)
            self._hear(now)
        except (DatabaseError, InterfaceError) as error:
            self._look_at = now + PAUSE_SECONDS
            log.warning("hints_not_exchanged", error=type(error).__name__)

    def _tell(self, now: float) -> None:
        """At once where a breaker has changed, else now and then."""
        fresh = self._hub.fresh
        full = now >= self._full_at
        urgent = {
            key: one
            for key, one in fresh.items()
            if full or key not in self._told or self._told[key].state != one.state
        }
        if full:
            self._full_at = now + FULL_SECONDS
            held = {key: one for key, one in self._told.items() if one.state != "closed"}
            urgent = {**held, **urgent}
        if not urgent:
            return
        self._write(urgent.values(), now)
        self._told |= urgent
        for key in urgent:
            fresh.pop(key, None)

    def _write(self, targets: Iterable[TargetHealth], now: float) -> None:
        at = datetime.now(UTC)
        rows = [
            HealthHint(
                node=self._node,
                provider=one.provider[:100],
                model=one.model[:300],
                state=one.state,
                left=max(0.0, one.until - now),
                trips=one.trips,
                under_way=self._hub.under_way(one.provider),
                first_token=one.first,
                changed_at=at - timedelta(seconds=max(0.0, now - one.changed)),
                at=at,
            )
            for one in targets
        ]
        HealthHint.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=("node", "provider", "model"),
            update_fields=(
                *("state", "left", "trips", "under_way", "first_token"),
                *("changed_at", "at"),
            ),
        )

    def _hear(self, now: float) -> None:
        recent = datetime.now(UTC) - timedelta(seconds=STALE_SECONDS)
        rows = HealthHint.objects.filter(at__gte=recent).exclude(node=self._node)
        heard: dict[Place, tuple[datetime, HealthFromAfar]] = {}
        for row in rows.order_by("pk"):
            place = row.node, row.provider, row.model
            known = self._heard.get(place)
            if known is not None and known[0] == row.at:
                heard[place] = known
                continue
            changed = round(row.changed_at.timestamp(), 1)
            if known is not None and known[1].state == row.state == "open":
                # The same opening, told again.
                changed = known[1].changed
            until = now + row.left if row.left else 0.0
            hint = HealthFromAfar(*place, row.state, until, row.under_way, row.first_token, changed)
            heard[place] = row.at, hint
        self._heard = heard
        self._hub.hear_others(tuple(hint for _, hint in heard.values()))
