"""Which candidates a request gets, in which order. Chat and simulate both ask here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from governance.routing.breaker import HealthReader, HealthStatus
from governance.routing.eligibility import Eligibility, EligibleTarget, eligibility_for
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
from governance.routing.verdicts import threshold
from governance.strategies import strategy_named
from governance.strategies.strategy import Rng


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
    return resolve(routing_request, choice, virtual_key, table, health, now, rng, sessions)


def resolve(
    routing_request: RoutingRequest,
    choice: ProfileChoice,
    virtual_key: VirtualKey,
    table: RoutingTable,
    health: HealthReader,
    now: float,
    rng: Rng,
    sessions: SessionReader = NOTHING_SEEN,
) -> Plan:
    """The candidates of the chosen profile in the order to try them, with every verdict.

    Candidates that cool down or are saturated go behind the healthy ones, in their order among
    themselves, and the local fallback comes last. With nothing left the plan holds a refusal.
    A session comes to its own target first, where that is healthy.
    """
    eligibility = eligibility_for(routing_request, choice, virtual_key, table)
    profile = choice.profile
    session = ""
    if routing_request.session and len(eligibility.kept) > 1:
        session = session_in(profile, virtual_key, routing_request)
    order, sticky, first = _ordered(eligibility, session, health, now, rng, sessions)
    candidates, verdicts = _by_health(
        order, eligibility.verdicts, health, now, lambda one: _lot(one, session, rng)
    )
    warning, refusal, fallback = choice.warning, None, eligibility.fallback
    if not candidates and fallback is not None:
        warning = warning or warning_for(profile, verdicts)
    elif not candidates:
        refusal = refusal_for(routing_request, choice, verdicts)
    if fallback is not None and not (
        eligibility.fallback_repeats and any(map(fallback.same_place, candidates))
    ):
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
        sticky=sticky,
        session="" if sticky == "hash" else session,
        first_choice=first,
    )


def _ordered(
    eligibility: Eligibility,
    session: str,
    health: HealthReader,
    now: float,
    rng: Rng,
    sessions: SessionReader,
) -> tuple[Sequence[EligibleTarget], str, Candidate | None]:
    """The targets in the order to try them; what the session has done to it; and the target where
    the session needs no memory."""
    profile = eligibility.profile
    strategy = strategy_named(profile.strategy)
    order = strategy.order(eligibility.kept, health, rng)
    if not session:
        return order, "", None
    first = order[0].candidate if strategy.is_fixed else None
    return *stick(order, strategy, session, profile, sessions, health, now), first


def _by_health(
    order: Sequence[EligibleTarget],
    verdicts: tuple[Verdict, ...],
    health: HealthReader,
    now: float,
    lot_of: Callable[[EligibleTarget], float],
) -> tuple[list[Candidate], tuple[Verdict, ...]]:
    """The candidates, the demoted ones behind the others, and the verdicts that follow."""
    candidates: list[Candidate] = []
    demoted: list[Candidate] = []
    for one in order:
        status = health.status(one.provider, one.candidate.model)
        verdict = None if status is None else _health_verdict(one, status, now, lot_of)
        if verdict is None:
            candidates.append(one.candidate)
            continue
        verdicts = (*verdicts[: one.index], verdict, *verdicts[one.index + 1 :])
        if verdict.kept:
            (candidates if verdict.demoted is None else demoted).append(one.candidate)
    return candidates + demoted, verdicts


def _lot(one: EligibleTarget, session: str, rng: Rng) -> float:
    """A session draws the same each time: it comes back to a target once, and stays."""
    return lot(session, one.provider, one.model) if session else rng.random()


_DEMOTED: Final = {
    "cooling_down": "It has been failing and cools down: tried after the healthy ones.",
    "saturated": "All its slots are taken: tried after the others.",
}


def _health_verdict(
    one: EligibleTarget,
    status: HealthStatus,
    now: float,
    lot_of: Callable[[EligibleTarget], float],
) -> Verdict | None:
    """What health changes about a kept target, None when nothing."""
    exceeded = threshold(one.target, status, now)
    if exceeded is not None:
        return Verdict(one.target, one.candidate.model, *exceeded)
    demoted = status.demoted(now)
    if demoted is not None:
        return Verdict(one.target, one.candidate.model, detail=_DEMOTED[demoted], demoted=demoted)
    share = status.share(now)
    if share >= 1.0:
        return None
    detail = f"It answers again after failures and gets {share:.0%} of its requests for now."
    passed = None if lot_of(one) < share else "recovering"
    return Verdict(one.target, one.candidate.model, detail=detail, demoted=passed, share=share)
