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
from gateway.collector.limit_exchange import BLIND, INTERVAL, STALE, Total
from gateway.collector.limit_hub import Away, ExchangeHub
from gateway.collector.places import Places
from governance.interactions.limit_use import used_in_ledger
from governance.limits import MEASURES
from governance.limits.counting.binding import LimitIndex
from governance.limits.limit import LimitEntry
from governance.limits.windows import Window
from governance.load_limits import follow_limits, load_limits, load_prices
from governance.load_table import SECTIONS, Version, changed_sections, is_ancestor, read_version
from governance.models import LimitTotal
from governance.prices import PriceList
from inference.record.lines import CounterKey

log = structlog.get_logger("pointsman.collector")

LOOK_SECONDS: Final = 1.0
"""Between two looks whether limits or prices have changed."""
SOON: Final = 0.1
"""Between two exchanges with other nodes while a limit is nearly used up."""
TIDY_SECONDS: Final = 60.0
FORGET_AFTER: Final = timedelta(hours=1)
"""When what a node said of a limit is deleted, and the node is no longer reckoned with."""
RESUM_SHARED: Final = 1.0
"""Seconds after which the ledger is asked again, where other nodes write to it too."""
RESUM_ALONE: Final = 60.0
"""The same where nobody else does, but whoever works out costs again: there may be as many counters
as keys, and each is a query."""
NOTHING: Final = Away()


class LimitLedger:
    """For one process at a time."""

    def __init__(self, node: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._node = node
        self._clock = clock
        self._limits = LimitIndex()
        self._prices = PriceList()
        self._version: Version | None = None
        """Of what is known of limits and prices."""
        self._look_at = 0.0
        self._exchange_at = 0.0
        self._heard_at = self._tidy_at = -inf
        self._nodes = 0
        """Others that counted any limit within the last hour."""
        self._told: set[CounterKey] = set()
        """Counters of which other nodes were told something."""
        self._others: dict[CounterKey, Away] = {}
        self.shares_nodes = connection.vendor == "postgresql"
        """Other nodes may write to the same ledger."""

    def prices(self) -> PriceList:
        """What operators say that models cost, as it was a second ago at most."""
        self._refresh()
        return self._prices

    def limits(self) -> Mapping[int, LimitEntry]:
        """Those in force, by id, as they were a second ago at most."""
        self._refresh()
        return self._limits.by_id

    def used(self, one: Total) -> float:
        """The ledger's sum for a counter. Raises what the database raises, and `KeyError`."""
        self._refresh()
        window = Window(one.begin, one.end or inf)
        return used_in_ledger(self._limits.by_id[one.limit], window, one.scope)

    def amount(self, one: Total) -> float:
        """How much the limit allows at this moment; infinity of one that is gone."""
        limit = self._limits.by_id.get(one.limit)
        if limit is None:
            return inf
        return limit.allowed(time.time()) * MEASURES[limit.measure].scale

    def away(self, one: Total) -> Away:
        """What other nodes use, beside what the ledger holds, and hold of a counter."""
        found = self._others.get(_key(one), NOTHING)
        if self._nodes > found.processes and not self.heard_all():
            # Some may have begun to count it since.
            return found._replace(processes=self._nodes)
        return found

    def heard_all(self) -> bool:
        """Whether other nodes have been heard a moment ago, if there may be any."""
        return not self.shares_nodes or self._clock() - self._heard_at < BLIND

    def exchange(self, hub: ExchangeHub) -> None:
        """Tells other nodes this one's totals and hears of theirs, where they share a database."""
        now = self._clock()
        if not self.shares_nodes or now < self._exchange_at:
            return
        try:
            self._tell(hub.totals())
            self._hear()
        except (DatabaseError, InterfaceError) as error:
            # What was last known holds until it is too old.
            self._exchange_at = now + STALE
            log.warning("limits_not_exchanged", error=type(error).__name__)
            return
        self._heard_at = self._clock()
        self._exchange_at = now + (SOON if hub.heard_others() else INTERVAL)

    def _tell(self, totals: Sequence[Total]) -> None:
        """What is used or held, and once more what is no longer."""
        at = datetime.now(UTC)
        used = [one for one in totals if one.used or one.held or _key(one) in self._told]
        rows = [
            LimitTotal(
                node=self._node,
                limit_id=one.limit,
                scope=one.scope[:320],
                begin=one.begin,
                used=one.used,
                held=one.held,
                processes=one.sharers,
                at=at,
            )
            for one in used
        ]
        if rows:
            LimitTotal.objects.bulk_create(
                rows,
                batch_size=1000,
                update_conflicts=True,
                unique_fields=("node", "limit_id", "scope", "begin"),
                update_fields=("used", "held", "processes", "at"),
            )
        self._told = {_key(one) for one in used if one.used or one.held}

    def _hear(self) -> None:
        """Of a node that says nothing any more nothing is held; what it used beside the ledger
        will be in the ledger once it is back."""
        recent = datetime.now(UTC) - timedelta(seconds=STALE)
        rows = LimitTotal.objects.filter(at__gte=recent).exclude(node=self._node)
        others: dict[CounterKey, Away] = {}
        for limit, scope, begin, used, held, processes in rows.values_list(
            "limit_id", "scope", "begin", "used", "held", "processes"
        ):
            before = others.get((limit, scope, begin), NOTHING)
            others[limit, scope, begin] = Away(
                before.used + used, before.held + held, before.processes + processes
            )
        self._others = others
        if self._clock() >= self._tidy_at:
            self._tidy()

    def _tidy(self) -> None:
        self._tidy_at = self._clock() + TIDY_SECONDS
        LimitTotal.objects.filter(at__lt=datetime.now(UTC) - FORGET_AFTER).delete()
        nodes = LimitTotal.objects.exclude(node=self._node).order_by().values("node").distinct()
        self._nodes = nodes.count()

    def _refresh(self) -> None:
        now = self._clock()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_SECONDS
        before, version = self._version, read_version()
        if version == before:
            return
        if before is None or not is_ancestor(before, version):
            changed = frozenset(SECTIONS)
            self._limits = load_limits()
        else:
            changed = changed_sections(before, version)
            self._limits = follow_limits(self._limits, before.version, changed)
        if "limits" in changed:
            self._prices = PriceList(load_prices())
        self._version = version


def _key(one: Total) -> CounterKey:
    return one.limit, one.scope, one.begin


def hub(where: Places, ledger: LimitLedger, follower: Follower) -> ExchangeHub:
    """The exchange of a node's collector."""
    made = ExchangeHub(
        where.limits_socket,
        ledger.used,
        caught_up=lambda: not follower.backlog(),
        amount_of=ledger.amount,
        resum=RESUM_SHARED if ledger.shares_nodes else RESUM_ALONE,
    )
    made.away, made.heard_all = ledger.away, ledger.heard_all
    return made
