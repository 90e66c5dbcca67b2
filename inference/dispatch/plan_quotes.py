"""What limits need to know of a plan, worked out once for all requests that are given that plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from governance.fixed_prices import FixedPrices
from governance.limits.counting.amounts import OTHERS
from governance.prices import PriceList, Seller, Tariff, price_list_of, seller_of
from governance.routing.plan import Candidate, Plan
from governance.routing.table import RoutingTable
from inference.dispatch.output_estimates import Place

GRACE: Final = 60.0
"""Seconds for which a lease outlives the longest time a request may take."""
UNBOUNDED: Final = 86_400.0
"""Seconds a request may take whose provider has no total timeout."""
KEPT: Final = 1024
ANSWERED: Final = 16
"""Names of models that answer for one plan."""


class PlanQuote(NamedTuple):
    """Of a plan that repeats, for requests that its first candidate answers."""

    plan: Plan
    """It is kept, so that its identity cannot pass to another one."""
    candidate: Candidate
    provider: str
    place: Place
    """Of the length of answers."""
    lasts: float
    """Seconds after which a request is over, whatever becomes of it."""
    since: float
    until: float
    """Unix times between which the prices hold."""
    fixed: FixedPrices | None
    """None where no limit counts cost."""
    seller: Seller
    prices: PriceList
    tariffs: dict[str, Tariff]
    """Of models that have answered, by the names they told."""

    def tariff(self, answered: str, at: float) -> Tariff:
        """The prices of an answer."""
        found = self.tariffs.get(answered)
        if found is None or not found.since <= at < found.until:
            if len(self.tariffs) >= ANSWERED:
                self.tariffs.clear()
            found = self.prices.tariff(self.provider, self.seller, self.place[1], answered, at)
            self.tariffs[answered] = found
        return found


class PlanQuotes:
    """Of one process and table. For one thread."""

    def __init__(self) -> None:
        self._kept: dict[int, PlanQuote] = {}
        """By the identities of plans."""

    def of(self, plan: Plan, table: RoutingTable, now: float) -> PlanQuote | None:
        """None where each request has to be looked at: its plan is its own, leads nowhere, or asks
        for what has no fixed price; or there are measures that may count anything."""
        found = self._kept.get(id(plan))
        if found is None or not found.since <= now < found.until:
            if OTHERS or not plan.repeats or plan.refusal is not None or not plan.candidates:
                return None
            if len(self._kept) >= KEPT:
                self._kept.clear()
            found = self._kept[id(plan)] = _quote(plan, table, now)
        return None if found.fixed is None and table.limits.counts_cost else found


def _quote(plan: Plan, table: RoutingTable, now: float) -> PlanQuote:
    candidate, profile, prices = plan.candidates[0], plan.profile, price_list_of(table)
    name, seller = candidate.provider.name, seller_of(candidate.provider)
    since, until, _, fixed = prices.tariff(name, seller, candidate.model, "", now)
    place = "" if profile is None or profile.implicit else profile.id, candidate.model
    if not table.limits.counts_cost:
        fixed = None
    lasts = lasts_of(plan.candidates)
    return PlanQuote(
        plan, candidate, name, place, lasts, since, until, fixed, seller, prices, tariffs={}
    )


def lasts_of(candidates: Sequence[Candidate]) -> float:
    """Seconds after which a request is over, whatever becomes of it."""
    longest = GRACE
    for one in candidates:
        longest += one.provider.total_timeout or UNBOUNDED
    return longest
