"""What the collector asks the database about limits: sums of the ledger, prices, other nodes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Final

import structlog
from django.db import DatabaseError, InterfaceError, connection

from gateway.collector.follower import Follower
from gateway.collector.limit_exchange import INTERVAL, STALE, Total
from gateway.collector.limit_hub import ExchangeHub
from gateway.collector.places import Places
from governance.interactions.limit_use import used_in_ledger
from governance.limits.limit import LimitEntry
from governance.limits.windows import Window
from governance.load_limits import load_limits, load_prices
from governance.load_table import read_version
from governance.models import LimitTotal
from governance.prices import PriceList

log = structlog.get_logger("pointsman.collector")

LOOK_SECONDS: Final = 1.0
"""Between two looks whether limits or prices have changed."""


class LimitLedger:
    """For one process at a time."""

    def __init__(self, node: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._node = node
        self._clock = clock
        self._limits: dict[int, LimitEntry] = {}
        self._prices = PriceList()
        self._version = -1
        self._look_at = 0.0
        self._exchange_at = 0.0
        self._others: dict[tuple[int, str, float], tuple[float, float]] = {}
        self.shares_nodes = connection.vendor == "postgresql"
        """Other nodes may write to the same ledger."""

    def prices(self) -> PriceList:
        """What operators say that models cost, as it was a second ago at most."""
        self._refresh()
        return self._prices

    def limits(self) -> Mapping[int, LimitEntry]:
        """Those in force, by id, as they were a second ago at most."""
        self._refresh()
        return self._limits

    def used(self, one: Total) -> float:
        """The ledger's sum for a counter. Raises what the database raises, and `KeyError`."""
        self._refresh()
        window = Window(one.begin, one.end or inf)
        return used_in_ledger(self._limits[one.limit], window, one.scope)

    def away(self, one: Total) -> tuple[float, float]:
        """What other nodes use, beside what the ledger holds, and hold of a counter."""
        return self._others.get((one.limit, one.scope, one.begin), (0.0, 0.0))

    def exchange(self, totals: Callable[[], Sequence[Total]]) -> None:
        """Tells other nodes this one's totals and hears of theirs, where they share a database."""
        now = self._clock()
        if not self.shares_nodes or now < self._exchange_at:
            return
        self._exchange_at = now + INTERVAL
        try:
            self._tell(totals())
            self._hear()
        except (DatabaseError, InterfaceError) as error:
            # What was last known holds until it is too old.
            self._exchange_at = now + STALE
            log.warning("limits_not_exchanged", error=type(error).__name__)

    def _tell(self, totals: Sequence[Total]) -> None:
        at = datetime.now(UTC)
        rows = [
            LimitTotal(
                node=self._node,
                limit_id=one.limit,
                scope=one.scope[:320],
                begin=one.begin,
                used=one.used,
                held=one.held,
                at=at,
            )
            for one in totals
        ]
        if rows:
            LimitTotal.objects.bulk_create(
                rows,
                update_conflicts=True,
                unique_fields=("node", "limit_id", "scope", "begin"),
                update_fields=("used", "held", "at"),
            )

    def _hear(self) -> None:
        """Of a node that says nothing any more nothing is held; what it used beside the ledger
        will be in the ledger once it is back."""
        recent = datetime.now(UTC) - timedelta(seconds=STALE)
        rows = LimitTotal.objects.filter(at__gte=recent).exclude(node=self._node)
        others: dict[tuple[int, str, float], tuple[float, float]] = {}
        for limit, scope, begin, used, held in rows.values_list(
            "limit_id", "scope", "begin", "used", "held"
        ):
            before = others.get((limit, scope, begin), (0.0, 0.0))
            others[limit, scope, begin] = before[0] + used, before[1] + held
        self._others = others

    def _refresh(self) -> None:
        now = self._clock()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_SECONDS
        version = read_version()
        if version.limits != self._version:
            self._limits = dict(load_limits().by_id)
            self._prices = PriceList(load_prices())
            self._version = version.limits


def hub(where: Places, ledger: LimitLedger, follower: Follower) -> ExchangeHub:
    """The exchange of a node's collector."""
    made = ExchangeHub(
        where.limits_socket,
        ledger.used,
        caught_up=lambda: not follower.backlog(),
        resum=1.0 if ledger.shares_nodes else 10.0,
    )
    made.away = ledger.away
    return made
