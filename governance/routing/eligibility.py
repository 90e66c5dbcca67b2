"""The part of a decision that stays the same while a table is in force."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf

from governance.routing.breaker import HealthReader, HealthStatus
from governance.routing.capabilities import binding_features
from governance.routing.fallback import local_candidate
from governance.routing.overrides import OPEN, override_of
from governance.routing.plan import Candidate, Plan, ProfileChoice, Verdict
from governance.routing.request import RoutingRequest
from governance.routing.table import Profile, RoutingTable, Target, VirtualKey
from governance.routing.verdicts import EvaluationContext, declared, evaluate, serves, untouched
from governance.strategies import strategy_named
from governance.strategies.strategy import failover_key


@dataclass(frozen=True, slots=True)
class EligibleTarget:
    """A target that configuration lets through."""

    index: int
    """Place among the profile's targets, and so among the verdicts."""
    target: Target
    candidate: Candidate
    provider: str
    """Casefolded, as health knows it."""
    cost: float | None = None
    """US dollars that the request at hand is expected to come to there, where the strategy goes by
    that; None where no price is known."""
    override: str = ""
    """What an operator decided about it for a while: `open` or `closed`; see `routing.overrides`.
    What is drained is not eligible."""

    @property
    def model(self) -> str:
        return self.candidate.model


@dataclass(frozen=True, slots=True)
class Eligibility:
    """What configuration alone says about a request of a certain shape to a profile."""

    profile: Profile
    verdicts: tuple[Verdict, ...]
    """In the order of the profile's targets."""
    kept: tuple[EligibleTarget, ...]
    """In the order of `failover_key`, as strategies want them."""
    fallback: Candidate | None
    """The local fallback, if it may follow this profile."""
    fallback_repeats: bool
    """Whether the fallback is one of `kept` already."""
    is_settled: bool
    """Nothing but health, the length of the prompt and a session changes the order."""
    smallest_context: float
    """In tokens, of all who may answer; infinite where it is not known."""
    plans: dict[tuple[str, bool], Plan] = field(default_factory=dict, compare=False, repr=False)
    """What came of it, by the policy's reason and whether a session sticks, where nothing of the
    moment changed it."""

    def repeats(
        self, choice: ProfileChoice, routing_request: RoutingRequest, health: HealthReader
    ) -> bool:
        """Whether the plan is the same for every request of which this holds, but for sessions."""
        if (
            not self.is_settled
            or choice.warning
            or choice.skipped
            or routing_request.features.prompt_tokens > self.smallest_context
        ):
            return False
        for one in self.kept:
            if not untouched(one.target, health.status(one.provider, one.candidate.model)):
                return False
        return True


def status_of(one: EligibleTarget, health: HealthReader) -> HealthStatus | None:
    """How the target fares, with what an operator decided about its breaker."""
    status = health.status(one.provider, one.model)
    if not one.override:
        return status
    if one.override == OPEN:
        return (status or HealthStatus())._replace(forced=True)
    return None if status is None else status._replace(state="closed")


def eligibility_for(
    routing_request: RoutingRequest,
    choice: ProfileChoice,
    virtual_key: VirtualKey,
    table: RoutingTable,
) -> Eligibility:
    """The eligibility, from the table's memo where the same was asked before.

    An entry holds its profile, so the identity it is kept under can not pass to another object.
    """
    profile = choice.profile
    key = (
        id(profile),
        choice.alias,
        routing_request.request_type,
        routing_request.required_capabilities,
        virtual_key.local_only,
        virtual_key.local_fallback,
    )
    eligibility: Eligibility | None = table.memo.get(key)
    if eligibility is None:
        eligibility = _work_out(routing_request, choice, virtual_key, table)
        table.memo.put(key, eligibility)
    return eligibility


def _work_out(
    routing_request: RoutingRequest,
    choice: ProfileChoice,
    virtual_key: VirtualKey,
    table: RoutingTable,
) -> Eligibility:
    profile = choice.profile
    context = EvaluationContext(
        request_type=routing_request.request_type,
        required_capabilities=routing_request.required_capabilities,
        alias=choice.alias,
        binding=binding_features(_declared(profile, choice.alias, table)),
        profile=profile,
        virtual_key=virtual_key,
        table=table,
    )
    verdicts = tuple(evaluate(target, context) for target in profile.targets)
    kept = sorted(
        (_kept(index, verdict, table) for index, verdict in enumerate(verdicts) if verdict.kept),
        key=lambda one: failover_key(one.target),
    )
    fallback = None
    if not profile.targets or any(serves(target, choice.alias) for target in profile.targets):
        fallback = local_candidate(routing_request, profile, virtual_key, table)
    contexts = [one.candidate.facts.context_length for one in kept]
    contexts += [] if fallback is None else [fallback.facts.context_length]
    return Eligibility(
        profile=profile,
        verdicts=verdicts,
        kept=tuple(kept),
        fallback=fallback,
        fallback_repeats=fallback is not None
        and any(fallback.same_place(one.candidate) for one in kept),
        is_settled=_is_settled(profile, kept),
        smallest_context=min((one for one in contexts if one is not None), default=inf),
    )


def _is_settled(profile: Profile, kept: list[EligibleTarget]) -> bool:
    strategy = strategy_named(profile.strategy)
    return (
        bool(kept)
        and (strategy.is_fixed or len(kept) == 1)
        and not strategy.reads_prices
        and profile.spill_after is None
        and not any(one.override for one in kept)
    )


def _declared(profile: Profile, alias: str | None, table: RoutingTable) -> Iterator[frozenset[str]]:
    """What each enabled target declares, or what is known of its model."""
    for target in profile.targets:
        if target.enabled:
            provider = table.providers.get(target.provider.casefold())
            yield declared(target, target.model or alias or "", provider, table)


def _kept(index: int, verdict: Verdict, table: RoutingTable) -> EligibleTarget:
    key = verdict.target.provider.casefold()
    provider = table.providers[key]
    facts = table.facts(provider, verdict.model)
    candidate = Candidate(provider, verdict.model, verdict.target, facts)
    override = override_of(table.overrides, key, verdict.model)
    return EligibleTarget(index, verdict.target, candidate, key, override=override)
