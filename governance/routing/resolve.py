"""Which candidates a request gets, in which order. Chat and simulate both ask here."""

from __future__ import annotations

from dataclasses import replace

from governance.routing.breaker import HealthReader, HealthStatus
from governance.routing.eligibility import Eligibility, EligibleTarget, eligibility_for
from governance.routing.fallback import takes_over
from governance.routing.plan import Candidate, Plan, ProfileChoice, Refusal, Verdict
from governance.routing.policy import choose
from governance.routing.refusals import refusal_for, warning_for
from governance.routing.request import RoutingRequest
from governance.routing.table import RoutingTable, VirtualKey
from governance.routing.verdicts import threshold, too_small
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
        verdict = _of_the_moment(one, routing_request, health, now)
        if verdict is None:
            candidates.append(one.candidate)
            continue
        verdicts = (*verdicts[: one.index], verdict, *verdicts[one.index + 1 :])
        if verdict.kept:
            demoted.append(one.candidate)
    candidates += demoted
    warning, refusal = choice.warning, None
    fallback = _fallback(eligibility, routing_request, candidates)
    if not candidates:
        if fallback is None or not takes_over(fallback, verdicts):
            fallback, refusal = None, refusal_for(routing_request, choice, verdicts)
        else:
            warning = warning or warning_for(choice.profile, verdicts)
    if fallback is not None:
        candidates.append(fallback)
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
    one: EligibleTarget, routing_request: RoutingRequest, health: HealthReader, now: float
) -> Verdict | None:
    """What this very request and health change about a kept target, None when nothing."""
    candidate = one.candidate
    small = too_small(candidate.facts.context_length, routing_request.features.prompt_tokens)
    if small is not None:
        return Verdict(one.target, candidate.model, *small)
    status = health.status(one.provider, candidate.model)
    return None if status is None else _health_verdict(one, status, now)


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
