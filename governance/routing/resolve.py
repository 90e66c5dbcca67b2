"""Which candidates a request gets, in which order. Chat and simulate both ask here."""

from __future__ import annotations

from dataclasses import replace

from governance.routing.breaker import HealthReader, HealthStatus
from governance.routing.eligibility import EligibleTarget, eligibility_for
from governance.routing.plan import Candidate, Plan, ProfileChoice, Refusal, Verdict
from governance.routing.policy import choose
from governance.routing.refusals import refusal_for, warning_for
from governance.routing.request import RoutingRequest
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
) -> Plan:
    """The whole decision for one request: the policy's choice, resolved.

    `now` is in seconds on the clock of `health`.
    """
    choice = choose(routing_request, virtual_key, table)
    if isinstance(choice, Refusal):
        return Plan(refusal=choice)
    return resolve(routing_request, choice, virtual_key, table, health, now, rng)


def resolve(
    routing_request: RoutingRequest,
    choice: ProfileChoice,
    virtual_key: VirtualKey,
    table: RoutingTable,
    health: HealthReader,
    now: float,
    rng: Rng,
) -> Plan:
    """The candidates of the chosen profile in the order to try them, with every verdict.

    Candidates that cool down or are saturated go behind the healthy ones, in their order among
    themselves, and the local fallback comes last. With nothing left the plan holds a refusal.
    """
    eligibility = eligibility_for(routing_request, choice, virtual_key, table)
    verdicts = eligibility.verdicts
    candidates: list[Candidate] = []
    demoted: list[Candidate] = []
    strategy = strategy_named(choice.profile.strategy)
    for one in strategy.order(eligibility.kept, health, rng):
        status = health.status(one.provider, one.candidate.model)
        verdict = None if status is None else _health_verdict(one, status, now)
        if verdict is None:
            candidates.append(one.candidate)
            continue
        verdicts = (*verdicts[: one.index], verdict, *verdicts[one.index + 1 :])
        if verdict.kept:
            demoted.append(one.candidate)
    candidates += demoted
    warning, refusal = choice.warning, None
    fallback = eligibility.fallback
    if fallback is not None:
        if not candidates:
            warning = warning or warning_for(choice.profile, verdicts)
        if not eligibility.fallback_repeats or not any(map(fallback.same_place, candidates)):
            candidates.append(fallback)
    elif not candidates:
        refusal = refusal_for(routing_request, choice, verdicts)
    return Plan(
        profile=choice.profile if choice.profile.targets else None,
        reason=choice.reason,
        alias=choice.alias,
        candidates=tuple(candidates),
        verdicts=verdicts,
        refusal=refusal,
        warning=warning,
        skipped=choice.skipped,
    )


def _health_verdict(one: EligibleTarget, status: HealthStatus, now: float) -> Verdict | None:
    """What health changes about a kept target, None when nothing."""
    exceeded = threshold(one.target, status, now)
    if exceeded is not None:
        return Verdict(one.target, one.candidate.model, *exceeded)
    demoted = status.demoted(now)
    if demoted is None:
        return None
    detail = {
        "cooling_down": "It has been failing and cools down: tried after the healthy ones.",
        "saturated": "All its slots are taken: tried after the others.",
    }[demoted]
    return replace(Verdict(one.target, one.candidate.model), detail=detail, demoted=demoted)
