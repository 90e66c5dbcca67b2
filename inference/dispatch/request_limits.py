"""The limits of one request: admitted before it is sent, settled with its record."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import msgspec
import structlog

from governance.limits import MEASURES
from governance.limits.counting.admission import (
    Exceeded,
    Lease,
    give_back,
)
from governance.limits.counting.allotment import BoundCounters, Tally
from governance.limits.counting.amounts import of_tokens
from governance.limits.counting.binding import Who
from governance.limits.counting.book import NONE_BOUND, LimitBook, highest_share
from governance.limits.measure import Consumption
from governance.prices import cost, price_list_of, seller_of
from governance.routing.breaker import HealthReader
from governance.routing.limited_health import BELOW_ALL, LimitedHealth
from governance.routing.plan import Candidate, Plan
from governance.routing.table import Profile, RateLimit, RoutingTable, VirtualKey
from inference.dispatch.consumption import complete, consumption, warn
from inference.dispatch.limit_answers import limit_headers, refusal, skipped
from inference.dispatch.output_estimates import OutputEstimates, bound_of
from inference.dispatch.plan_quotes import PlanQuote, PlanQuotes, lasts_of
from inference.record.lines import sellers_of_attempts
from inference.record.pricing import price_attempts
from inference.record.record import RequestContext
from inference.values.error_answer import ErrorAnswer
from inference.values.failures import AttemptFailed
from inference.values.parsed_request import ParsedRequest
from inference.values.usage import Usage

log = structlog.get_logger("pointsman.limits")

_NO_THRESHOLDS: Final = RateLimit()
NO_LEASE: Final = Lease((), [], None, 0.0, 0.0)
"""Of an attempt for which nothing more is held."""


class Limiting:
    """What the limits of all requests of a process share."""

    def __init__(self, book: LimitBook, clock: Callable[[], float] = time.time) -> None:
        self.book = book
        self.outputs = OutputEstimates()
        self.quotes = PlanQuotes()
        self.clock = clock
        """Unix time in seconds."""
        self._table: RoutingTable | None = None
        """The one in force, as far as requests have come since."""
        self.reads_shares = False
        """Whether anything of it depends on how much of a limit is used."""

    def of(
        self, request: ParsedRequest, key: VirtualKey, table: RoutingTable, protocol: str
    ) -> RequestLimits | None:
        """None where there are no limits at all."""
        if table is not self._table:
            self._adopt(table)
        return RequestLimits(self, request, key, table, protocol) if table.limits.by_id else None

    def _adopt(self, table: RoutingTable) -> None:
        self._table, self.quotes = table, PlanQuotes()
        self.reads_shares = table.limits.of_targets or any(
            map(_has_thresholds, table.profiles.values())
        )


class RequestLimits(msgspec.Struct):
    """Of one request, from before it is routed until it is recorded."""

    _shared: Limiting
    _request: ParsedRequest
    _key: VirtualKey
    _table: RoutingTable
    _protocol: str
    _counters: BoundCounters = NONE_BOUND
    _profile: str | None = None
    """Of which what binds the request is known; empty without one."""
    _needed: tuple[Candidate, Consumption, Consumption] | None = None
    """What the request may come to at the candidate that was looked at last, and at least."""
    _admitted: Candidate | None = None
    """For which enough is held."""
    _quote: PlanQuote | None = None
    """Of a request that was admitted as others of its plan."""
    _lease: Lease | None = None
    _attempts: tuple[tuple[Lease, BoundCounters], ...] = ()
    """Those at targets that have limits."""

    def health(self, book: HealthReader, profile: Profile) -> HealthReader:
        """How candidates fare, with the shares of the limits that bind this request there, where
        anything of the profile depends on these."""
        self._choose("" if profile.implicit else profile.id)
        if self._shared.reads_shares and (
            self._table.limits.of_targets or _has_thresholds(profile)
        ):
            return LimitedHealth(book, self)
        return book

    def _choose(self, profile: str) -> None:
        self._profile = profile
        book, limits = self._shared.book, self._table.limits
        kept = book.kept(limits, self._key.id, profile)
        if kept is None:
            kept = book.of_request(limits, self._who, self._shared.clock())
        self._counters = kept

    @property
    def _who(self) -> Who:
        groups = self._table.groups_of(self._key)
        return Who(self._key.id, groups, self._profile or "", self._request.session)

    def of_target(self, provider: str, model: str, now: float) -> BoundCounters:
        limits = self._table.limits
        if not limits.of_targets:
            return NONE_BOUND
        return self._shared.book.of_target(limits, self._who, provider, model, now)

    def shares(self, provider: str, model: str) -> dict[str, float]:
        """Percent used by the word of each threshold, of the limit that is used most."""
        now = self._shared.clock()
        targets = self.of_target(provider, model, now).exact(now)
        counters = self._counters.exact(now)
        found: dict[str, float] = {}
        for measure in MEASURES.values():
            if not measure.threshold:
                continue
            own = highest_share(counters, measure.name, now)
            there = highest_share(targets, measure.name, now)
            known = [] if own is None else [min(own, BELOW_ALL)]
            known += [] if there is None else [there]
            if known:
                found[measure.threshold] = max(known)
        return found

    def admit(self, plan: Plan) -> Plan | ErrorAnswer:
        """The plan with the candidates that limits allow, or the refusal. Something is held from
        now on until `settle`."""
        now, profile = self._shared.clock(), plan.profile
        chosen = "" if profile is None or profile.implicit else profile.id
        if chosen != self._profile:
            self._choose(chosen)
        return plan if self._take(plan, now) else self._admit_each(plan, now)

    def _admit_each(self, plan: Plan, now: float) -> Plan | ErrorAnswer:
        """The same by a closer look at each limit."""
        counters, book, protocol = self._counters, self._shared.book, self._protocol
        if counters.strict and now > book.fresh_until:
            message = "What others have used is not known now, and a strict limit binds this key."
            return ErrorAnswer(503, message, "limits_unknown", retry_after=1.0)
        if plan.refusal is not None:
            found = self._what_refuses(plan, now)
            return plan if found is None else refusal(found, protocol, now)
        candidates = plan.candidates
        if counters.diverting:
            left = self._diverted(candidates, now)
            if isinstance(left, Exceeded):
                return refusal(left, protocol, now)
            candidates = left
        found = None
        for place, candidate in enumerate(candidates):
            full, least = self._needs(candidate)
            lease = counters.admit(full, least, now, lasts_of(candidates))
            if isinstance(lease, Lease):
                self._lease, self._admitted = lease, candidate
                book.leases[lease] = None
                if not place and candidates is plan.candidates:
                    return plan
                return plan._replace(candidates=candidates[place:], repeats=False)
            found = lease
            if not lease.unpriced:
                break
        return plan if found is None else refusal(found, protocol, now)

    def _take(self, plan: Plan, now: float) -> bool:
        """Admits the request as others of its plan, as far as no limit is near its amount or asks
        for a closer look."""
        shared, counters, request = self._shared, self._counters, self._request
        quote = shared.quotes.of(plan, self._table, now)
        if quote is None or request.units or (counters.strict and now > shared.book.fresh_until):
            return False
        ask, fixed = request.routing_request, quote.fixed
        prompt = ask.features.prompt_tokens
        answer = shared.outputs.guess(quote.place, ask.request_type, bound_of(request.fields))
        price = 0.0 if fixed is None else fixed.of_tokens(prompt, answer)
        amounts = of_tokens(prompt + answer, price, running=1)
        lease = counters.take(amounts, now, quote.lasts)
        if lease is None:
            return False
        self._lease, self._quote, self._admitted = lease, quote, quote.candidate
        shared.book.leases[lease] = None
        return True

    def begin(self, candidate: Candidate) -> Lease:
        """Something is about to be sent to a candidate; what is held for that. Raises
        `AttemptFailed` where a limit of it, or what another candidate would cost, leaves no room.
        """
        # What the first candidate may come to is held since admission.
        is_admitted = self._admitted is candidate
        if is_admitted and not self._table.limits.of_targets:
            return NO_LEASE
        now, lease = self._shared.clock(), NO_LEASE
        full, least = self._needs(candidate)
        counters = self.of_target(candidate.provider.name.casefold(), candidate.model, now)
        if counters:
            there = counters.admit(full, least, now, lasts_of((candidate,)))
            if isinstance(there, Exceeded):
                raise AttemptFailed(skipped(there, now))
            lease = there
        if self._lease is not None and not is_admitted:
            found = self._counters.raise_to(self._lease, full, least, now)
            if found is not None:
                give_back(lease)
                raise AttemptFailed(skipped(found, now))
            self._admitted = candidate
        if counters:
            self._attempts = (*self._attempts, (lease, counters))
            self._shared.book.leases[lease] = None
        return lease

    def failed(self, lease: Lease) -> None:
        """The attempt for which `lease` is held came to nothing; others may run beside it."""
        for one, counters in self._attempts:
            if one is lease:
                counters.settle(lease, [Consumption(requests=1)], self._shared.clock())
                self._shared.book.leases.pop(lease, None)
        self._attempts = tuple([one for one in self._attempts if one[0] is not lease])

    def settle(self, context: RequestContext) -> None:
        """Ends every lease by what was used, and notes what the ledger will hold of it."""
        now = self._shared.clock()
        complete(context)
        if not self._put_back(context, now):
            self._settle_each(context, now)
        self._learn(context)
        if self._counters.warning:
            warn(self._counters, now)

    def _put_back(self, context: RequestContext, now: float) -> bool:
        """Settles a request that was admitted as others of its plan, if nothing happened to it that
        needs a closer look: it was answered by the first whom it was sent to, for a fixed price."""
        quote, lease = self._quote, self._lease
        if quote is None or lease is None or len(context.attempts) != 1 or self._attempts:
            return False
        (one,) = context.attempts
        usage, cost = one.usage, 0.0
        if usage is None or usage.units or one.model != quote.place[1]:
            return False
        if quote.fixed is not None:
            fixed = quote.tariff(context.model, context.at).fixed
            if fixed is None or one.provider != quote.provider:
                return False
            one.price, one.cost_usd = fixed.applied, fixed.cost(usage)
            cost = one.cost_usd
        book = self._shared.book
        number, amounts = book.number + 1, of_tokens(usage.prompt + usage.completion, cost)
        tally = self._counters.put_back(lease, amounts, now, number)
        if tally is None:
            return False
        if tally.places:
            context.tallies = (tally,)
            book.number = context.number = number
        book.leases.pop(lease, None)
        return True

    def _settle_each(self, context: RequestContext, now: float) -> None:
        attempts, book = context.attempts, self._shared.book
        if self._table.limits.counts_cost:
            self._price(context)
        used: list[Consumption] = []
        for one in attempts:
            if one.usage is not None:
                # However many attempts there were, it is one request.
                used.append(consumption(one.usage, one.cost_usd, requests=0 if used else 1))
        if attempts and not used:
            used = [Consumption(requests=1, cost=0.0)]
        number = book.number + 1
        tally = None
        if self._lease is not None:
            tally = self._counters.settle(self._lease, used, now, number)
            book.leases.pop(self._lease, None)
        tallies: tuple[Tally, ...] = () if tally is None else (tally,)
        if self._attempts:
            tallies += self._settle_targets(context, now, number)
        if tallies:
            context.tallies = tallies
            book.number = context.number = number

    def _learn(self, context: RequestContext) -> None:
        if not context.attempts or context.outcome != "ok":
            return
        last = context.attempts[-1]
        if last.usage is not None and not last.from_cache:
            self._shared.outputs.learn((self._profile or "", last.model), last.usage.completion)

    def _price(self, context: RequestContext) -> None:
        attempts = context.attempts
        if attempts:
            sellers, prices = sellers_of_attempts(context, attempts), price_list_of(self._table)
            price_attempts(attempts, sellers, context.model, context.at, prices)

    def _settle_targets(
        self, context: RequestContext, now: float, number: int
    ) -> tuple[Tally, ...]:
        """What the last attempt used counts for its target."""
        last, found = context.attempts[-1] if context.attempts else None, []
        mine = Consumption(requests=1, cost=0.0)
        if last is not None and last.usage is not None:
            mine = consumption(last.usage, last.cost_usd, requests=1)
        for lease, counters in self._attempts:
            tally = counters.settle(lease, [mine], now, number)
            self._shared.book.leases.pop(lease, None)
            warn(counters, now)
            if tally is not None:
                found.append(tally)
        return tuple(found)

    def headers(self, protocol: str) -> list[tuple[bytes, bytes]]:
        """Of the tightest limits, for the caller."""
        there = self._attempts[-1][1] if self._attempts else NONE_BOUND
        return limit_headers(self._counters, there, protocol, self._shared.clock())

    def _what_refuses(self, plan: Plan, now: float) -> Exceeded | None:
        """The limit behind a plan that leads nowhere, if there is one: the one that frees first."""
        found = []
        for verdict in plan.verdicts:
            if verdict.rejection is None or not verdict.rejection.endswith("threshold_exceeded"):
                continue
            provider = verdict.target.provider.casefold()
            least = Consumption(self._prompt, 0, 0.0, units=self._request.units)
            one = self.of_target(provider, verdict.model, now).exceeded(least, now)
            if one is not None:
                found.append(one)
        return min(found, key=lambda one: one.frees_at, default=None)

    def _diverted(
        self, candidates: tuple[Candidate, ...], now: float
    ) -> tuple[Candidate, ...] | Exceeded:
        """Where a limit that diverts is used up: what is local, or cheaper than the dearest."""
        found = self._counters.used_up(Consumption(self._prompt, 0, 0.0, running=True), now)
        if found is None:
            return candidates
        costs = [self._needs(one, priced=True)[0].cost for one in candidates]
        known = [one for one in costs if one is not None]
        dearest = max(known, default=0.0)
        kept = tuple(
            one
            for one, price in zip(candidates, costs, strict=True)
            if one.provider.is_local or (price is not None and price < dearest)
        )
        return kept or found

    @property
    def _prompt(self) -> int:
        return self._request.routing_request.features.prompt_tokens

    def _needs(
        self, candidate: Candidate, *, priced: bool = False
    ) -> tuple[Consumption, Consumption]:
        """What the request may come to there, and what it comes to at least."""
        if self._needed is not None and self._needed[0] is candidate and not priced:
            return self._needed[1:]
        ask, prompt = self._request.routing_request, self._prompt
        place, bound = (self._profile or "", candidate.model), bound_of(self._request.fields)
        answer = self._shared.outputs.guess(place, ask.request_type, bound)
        most = least = None
        if priced or self._table.limits.counts_cost:
            provider = candidate.provider
            _, _, rates, fixed = price_list_of(self._table).tariff(
                provider.name, seller_of(provider), candidate.model, "", self._shared.clock()
            )
            if fixed is not None:
                most, least = fixed.of_tokens(prompt, answer), fixed.of_tokens(prompt, 0)
            elif rates is not None:
                most = float(cost(Usage(prompt, answer), rates))
                least = float(cost(Usage(prompt), rates))
            elif provider.is_local:
                most = least = 0.0
        units = self._request.units
        found = (
            Consumption(prompt, answer, most, running=True, units=units),
            Consumption(prompt, 0, least, running=True, units=units),
        )
        self._needed = candidate, *found
        return found


def _has_thresholds(profile: Profile) -> bool:
    """Whether any of its targets is left alone before a limit is used up."""
    return any(one.rate_limit != _NO_THRESHOLDS for one in profile.targets)
