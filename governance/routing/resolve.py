"""Which candidates a request gets, in which order. Chat and simulate both ask here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf
from typing import Final, NamedTuple

from governance.routing.breaker import HealthReader, HealthStatus
from governance.routing.costs import priced, words
from governance.routing.eligibility import Eligibility, EligibleTarget, eligibility_for, status_of
from governance.routing.fallback import takes_over
from governance.routing.plan import Candidate, Plan, ProfileChoice, Refusal, Verdict
from governance.routing.policy import choose
from governance.routing.refusals import refusal_for, warning_for
from governance.routing.request import RoutingRequest
from governance.routing.sessions import (
    NOTHING_SEEN,
    SessionReader,
    lot,
    session_in,
    stick,
)
from governance.routing.table import RoutingTable, VirtualKey
from governance.routing.verdicts import threshold, too_small
from governance.strategies import strategy_named
from governance.strategies.strategy import Rng
from governance.texts import gettext, gettext_noop


def route(
    routing_request: RoutingRequest,
    virtual_key: VirtualKey,
    table: RoutingTable,
    health: HealthReader,
    now: float,
    rng: Rng,
    sessions: SessionReader = NOTHING_SEEN,
) -> Plan:
    """The whole decision for one request: the policy's choice, resolved.

    `now` is in seconds on the clock of `health`.
    """
    choice = choose(routing_request, virtual_key, table)
    if isinstance(choice, Refusal):
        return Plan(refusal=choice)
    session = session_in(choice.profile, virtual_key, routing_request.session)
    return resolve(routing_request, choice, virtual_key, table, health, now, rng, sessions, session)


def resolve(
    routing_request: RoutingRequest,
    choice: ProfileChoice,
    virtual_key: VirtualKey,
    table: RoutingTable,
    health: HealthReader,
    now: float,
    rng: Rng,
    sessions: SessionReader = NOTHING_SEEN,
    session: str = "",
) -> Plan:
    """The candidates of the chosen profile in the order to try them, with every verdict.

    Candidates that cool down or are saturated go behind the healthy ones, in their order among
    themselves, and the local fallback comes last. With nothing left the plan holds a refusal.
    A session, by its name within its key and profile, comes to its own target first, where that
    is healthy.
    """
    eligibility = eligibility_for(routing_request, choice, virtual_key, table)
    if len(eligibility.kept) < 2:
        # There is nothing to stick to.
        session = ""
    repeats = eligibility.repeats(choice, routing_request, health) and (
        not session or _goes_first(session, choice, sessions)
    )
    place = choice.reason, bool(session)
    plan = eligibility.plans.get(place) if repeats else None
    if plan is None:
        plan = _worked_out(
            eligibility, routing_request, choice, table, health, now, rng, sessions, session
        )
        if repeats:
            plan = eligibility.plans[place] = plan._replace(repeats=True)
    return plan


def _goes_first(session: str, choice: ProfileChoice, sessions: SessionReader) -> bool:
    """Whether the session goes where every one does of which nothing is remembered."""
    return strategy_named(choice.profile.strategy).is_fixed and sessions.served(session) is None


def _worked_out(
    eligibility: Eligibility,
    routing_request: RoutingRequest,
    choice: ProfileChoice,
    table: RoutingTable,
    health: HealthReader,
    now: float,
    rng: Rng,
    sessions: SessionReader,
    session: str,
) -> Plan:
    profile = choice.profile
    if strategy_named(profile.strategy).reads_prices:
        eligibility = _with_costs(eligibility, routing_request, table, health)
    order = _ordered(eligibility, health, now, rng, sessions, session)
    candidates, verdicts = _of_the_moment(
        order.targets, eligibility, routing_request, health, now, rng, session
    )
    warning, refusal = choice.warning, None
    fallback = _fallback(eligibility, routing_request, candidates)
    if not candidates:
        if fallback is None or not takes_over(fallback, verdicts):
            fallback, refusal = None, refusal_for(routing_request, choice, verdicts)
        else:
            warning = warning or warning_for(profile, verdicts)
    if fallback is not None:
        candidates.append(fallback)
    return Plan(
        profile=profile if profile.targets else None,
        reason=choice.reason,
        alias=choice.alias,
        candidates=tuple(candidates),
        verdicts=verdicts,
        refusal=refusal,
        warning=warning,
        skipped=choice.skipped,
        sticky=order.sticky,
        remembers=bool(session) and order.sticky != "hash",
        first_choice=order.first,
    )


def _with_costs(
    eligibility: Eligibility,
    routing_request: RoutingRequest,
    table: RoutingTable,
    health: HealthReader,
) -> Eligibility:
    """The same with what the request is expected to cost, which the verdicts say too."""
    kept = priced(eligibility.kept, routing_request, table, health)
    verdicts = list(eligibility.verdicts)
    for one in kept:
        told = verdicts[one.index]
        verdicts[one.index] = replace(told, detail=words(one.cost), cost=one.cost)
    return replace(eligibility, kept=tuple(kept), verdicts=tuple(verdicts))


class _Order(NamedTuple):
    """The targets in the order to try them, and what a session has to do with it."""

    targets: Sequence[EligibleTarget]
    sticky: str = ""
    first: Candidate | None = None
    """The target at which the session needs no memory."""


def _ordered(
    eligibility: Eligibility,
    health: HealthReader,
    now: float,
    rng: Rng,
    sessions: SessionReader,
    session: str,
) -> _Order:
    profile = eligibility.profile
    strategy = strategy_named(profile.strategy)
    targets = strategy.order(eligibility.kept, health, rng)
    if not session:
        return _Order(targets)
    first = targets[0].candidate if strategy.is_fixed else None
    targets, sticky = stick(targets, strategy, session, profile, sessions, health, now)
    return _Order(targets, sticky, first)


def _fallback(
    eligibility: Eligibility, routing_request: RoutingRequest, candidates: list[Candidate]
) -> Candidate | None:
    """The local fallback, unless it is a candidate already or the prompt does not fit in."""
    fallback = eligibility.fallback
    if fallback is None:
        return None
    if eligibility.fallback_repeats and any(map(fallback.same_place, candidates)):
        return None
    tokens = routing_request.features.prompt_tokens
    return None if too_small(fallback.facts.context_length, tokens) else fallback


def _of_the_moment(
    targets: Sequence[EligibleTarget],
    eligibility: Eligibility,
    routing_request: RoutingRequest,
    health: HealthReader,
    now: float,
    rng: Rng,
    session: str,
) -> tuple[list[Candidate], tuple[Verdict, ...]]:
    """The candidates, the demoted ones behind the others, and the verdicts that follow from this
    very request and from health."""
    candidates: list[Candidate] = []
    demoted: list[Candidate] = []
    spilled: list[tuple[EligibleTarget, Verdict]] = []
    verdicts, tokens = eligibility.verdicts, routing_request.features.prompt_tokens
    patience = eligibility.profile.spill_after
    for one in targets:
        candidate, verdict = one.candidate, None
        small = too_small(candidate.facts.context_length, tokens)
        status = status_of(one, health)
        if small is not None:
            verdict = Verdict(one.target, candidate.model, *small)
        elif status is not None:
            verdict = _health_verdict(one, status, now, rng, session)
        if patience is not None and (verdict is None or verdict.stands):
            spill = _spilled(one, health, patience)
            if spill is not None:
                spilled.append((one, spill))
                continue
        if verdict is None:
            candidates.append(candidate)
            continue
        verdicts = _with_verdict(verdicts, one, verdict)
        if verdict.kept:
            (candidates if verdict.demoted is None else demoted).append(candidate)
    if candidates:
        # Where nobody else could go first there is nothing to say.
        for one, verdict in spilled:
            verdicts = _with_verdict(verdicts, one, verdict)
    return candidates + [one.candidate for one, _ in spilled] + demoted, verdicts


def _with_verdict(
    verdicts: tuple[Verdict, ...], one: EligibleTarget, verdict: Verdict
) -> tuple[Verdict, ...]:
    return (*verdicts[: one.index], verdict, *verdicts[one.index + 1 :])


def _spilled(one: EligibleTarget, health: HealthReader, patience: float) -> Verdict | None:
    """The verdict on a local target whose queue is longer than the profile's patience."""
    if not one.candidate.provider.is_local:
        return None
    wait = health.wait(one.provider, one.model)
    if wait <= patience:
        return None
    long = gettext("long") if wait == inf else gettext("about %(wait)s s") % {"wait": f"{wait:.1f}"}
    detail = gettext("A request would wait %(long)s in its queue, so the next one goes first.") % {
        "long": long
    }
    return Verdict(one.target, one.model, detail=detail, demoted="spilled", cost=one.cost)


_DEMOTED: Final = {
    "cooling_down": gettext_noop(
        "It has been failing and cools down: tried after the healthy ones."
    ),
    "saturated": gettext_noop("All its slots are taken: tried after the others."),
    "forced_open": gettext_noop(
        "An operator took it out of service for now: tried after the others."
    ),
}


def _health_verdict(
    one: EligibleTarget, status: HealthStatus, now: float, rng: Rng, session: str
) -> Verdict | None:
    """What health changes about a kept target, None when nothing."""
    exceeded = threshold(one.target, status, now)
    if exceeded is not None:
        return Verdict(one.target, one.candidate.model, *exceeded)
    demoted = status.demoted(now)
    if demoted is not None:
        detail = gettext(_DEMOTED[demoted])
        return Verdict(
            one.target, one.candidate.model, detail=detail, demoted=demoted, cost=one.cost
        )
    share = status.share(now)
    if share >= 1.0:
        return None
    detail = gettext(
        "It answers again after failures and gets %(share)s of its requests for now."
    ) % {"share": f"{share:.0%}"}
    # A session draws the same lot each time: it comes back to a target once, and stays.
    drawn = lot(session, one.provider, one.model) if session else rng.random()
    passed = None if drawn < share else "recovering"
    return Verdict(
        one.target, one.candidate.model, detail=detail, demoted=passed, share=share, cost=one.cost
    )
