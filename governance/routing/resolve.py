"""Which candidates a request gets, in which order. Chat and simulate both ask here."""

from __future__ import annotations

from typing import Final

from governance.routing.breaker import Health, HealthStatus
from governance.routing.eligibility import EligibleTarget, outlook_for
from governance.routing.plan import Candidate, Choice, Plan, Refusal, Verdict
from governance.routing.policy import choose
from governance.routing.refusals import refusal_for, warning_for
from governance.routing.request import RoutingRequest
from governance.routing.table import RoutingTable, VirtualKey
from governance.routing.verdicts import threshold
from governance.strategies import strategy_named
from governance.strategies.strategy import Rng


def route(
    ask: RoutingRequest,
    grant: VirtualKey,
    table: RoutingTable,
    health: Health,
    now: float,
    rng: Rng,
) -> Plan:
    """The whole decision for one request: the policy's choice, resolved.

    `now` is in seconds on the clock of `health`.
    """
    choice = choose(ask, grant, table)
    if isinstance(choice, Refusal):
        return Plan(refusal=choice)
    return resolve(ask, choice, grant, table, health, now, rng)


def resolve(
    ask: RoutingRequest,
    choice: Choice,
    grant: VirtualKey,
    table: RoutingTable,
    health: Health,
    now: float,
    rng: Rng,
) -> Plan:
    """The candidates of the chosen profile in the order to try them, with every verdict.

    Candidates that cool down or are saturated go behind the healthy ones, in their order among
    themselves, and the local fallback comes last. With nothing left the plan holds a refusal.
    """
    outlook = outlook_for(ask, choice, grant, table)
    verdicts = outlook.verdicts
    candidates: list[Candidate] = []
    demoted: list[Candidate] = []
    strategy = strategy_named(choice.profile.strategy)
    for one in strategy.order(outlook.kept, health, rng):
        standing = health.status(one.provider, one.candidate.model)
        verdict = None if standing is None else _momentary(one, standing, now, rng)
        if verdict is None:
            candidates.append(one.candidate)
            continue
        verdicts = (*verdicts[: one.index], verdict, *verdicts[one.index + 1 :])
        if verdict.kept:
            (candidates if verdict.demoted is None else demoted).append(one.candidate)
    candidates += demoted
    warning, refusal = choice.warning, None
    fallback = outlook.fallback
    if fallback is not None:
        if not candidates:
            warning = warning or warning_for(choice.profile, verdicts)
        if not outlook.fallback_repeats or not any(map(fallback.same_place, candidates)):
            candidates.append(fallback)
    elif not candidates:
        refusal = refusal_for(ask, choice, verdicts)
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


_DEMOTED: Final = {
    "cooling_down": "It has been failing and cools down: tried after the healthy ones.",
    "saturated": "All its slots are taken: tried after the others.",
}


def _momentary(one: EligibleTarget, standing: HealthStatus, now: float, rng: Rng) -> Verdict | None:
    """What health changes about a kept target, None when nothing."""
    exceeded = threshold(one.target, standing, now)
    if exceeded is not None:
        return Verdict(one.target, one.candidate.model, *exceeded)
    demoted = standing.demoted(now)
    if demoted is not None:
        return Verdict(one.target, one.candidate.model, detail=_DEMOTED[demoted], demoted=demoted)
    share = standing.share(now)
    if share >= 1.0:
        return None
    detail = f"It answers again after failures and gets {share:.0%} of its requests for now."
    passed = None if rng.random() < share else "recovering"
    return Verdict(one.target, one.candidate.model, detail=detail, demoted=passed, share=share)
