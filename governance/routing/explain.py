"""Simulating a decision: what would happen to a request, and how likely each candidate leads."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from itertools import product
from math import prod
from typing import Any, Final

from governance.routing.breaker import HealthReader
from governance.routing.fallback import applies, place_of
from governance.routing.fallback_modes import FallbackMode, sentence
from governance.routing.plan import Candidate, Plan, Refusal, Verdict
from governance.routing.request import RoutingRequest
from governance.routing.resolve import route
from governance.routing.table import Profile, RoutingTable, VirtualKey
from governance.strategies import strategy_named
from governance.strategies.strategy import Rng

MOST_DRAWN: Final = 8
"""Targets that recover at once whose draws are weighed; more of them are taken as they fell."""


@dataclass(frozen=True, slots=True)
class Explained:
    """A candidate as operators see it. Holds no credential."""

    provider: str
    model: str
    probability: float
    """Of being the first one tried; 0 to 1."""
    target: int | None
    """Position of its target in the profile; None for the local fallback."""
    local: bool
    demoted: str | None = None
    detail: str = ""
    """Why it stands where it does, as a sentence; empty where there is nothing to say."""
    cost: float | None = None
    """US dollars that the request is expected to come to there."""
    priced: bool = False
    """The strategy goes by that."""

    @property
    def local_fallback(self) -> bool:
        return self.target is None

    def document(self) -> dict[str, Any]:
        return {
            "provider": self.provider,
            "model": self.model,
            "probability": self.probability,
            "target": self.target,
            "local": self.local,
            "local_fallback": self.local_fallback,
            "demoted": self.demoted,
            **({"expected_cost_usd": self.cost} if self.priced else {}),
            **({"detail": self.detail} if self.detail else {}),
        }


@dataclass(frozen=True, slots=True)
class Rejected:
    """A target that is no candidate."""

    provider: str
    model: str
    target: int
    reason: str
    """One of `plan.REJECTIONS`."""
    detail: str

    def document(self) -> dict[str, Any]:
        return {
            "provider": self.provider,
            "model": self.model,
            "target": self.target,
            "reason": self.reason,
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True)
class Simulation:
    """One decision and what stood behind it."""

    profile: dict[str, Any] | None
    """Id, name, virtual provider and strategy; None when no profile was chosen."""
    reason: str
    alias: str | None
    candidates: tuple[Explained, ...]
    """In the order of this draw: the first is the primary, the rest its fallbacks."""
    rejections: tuple[Rejected, ...]
    refusal: Refusal | None
    warning: str
    skipped: tuple[tuple[str, str], ...]
    sticky: str = ""
    """Why the session leads to the primary: `hash`, `served`, or nothing."""
    estimated: bool = False
    """The probabilities are those of a quiet moment, since the strategy goes by measurements."""
    local_fallback: FallbackMode | None = None
    """Whether local inference takes over when no candidate answers, and who says so; None where
    that was not asked."""
    local_fallback_words: str = ""

    @property
    def primary(self) -> Explained | None:
        return self.candidates[0] if self.candidates else None

    @property
    def fallbacks(self) -> tuple[Explained, ...]:
        return self.candidates[1:]

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "profile": self.profile,
            "reason": self.reason,
            "virtual_model": self.alias,
            "primary": self.primary.document() if self.primary else None,
            "fallbacks": [one.document() for one in self.fallbacks],
            "candidates": [one.document() for one in self.candidates],
            "rejections": [one.document() for one in self.rejections],
            "refusal": None if self.refusal is None else asdict(self.refusal),
            "warning": self.warning,
            "sticky": self.sticky,
            "estimated": self.estimated,
            "skipped": [{"rule": rule, "why": why} for rule, why in self.skipped],
            **self._local_fallback(),
        }

    def _local_fallback(self) -> dict[str, Any]:
        if self.local_fallback is None:
            return {}
        told = {**self.local_fallback._asdict(), "detail": self.local_fallback_words}
        return {"local_fallback": told}


def simulate(
    routing_request: RoutingRequest,
    virtual_key: VirtualKey,
    table: RoutingTable,
    health: HealthReader,
    now: float,
    rng: Rng,
) -> Simulation:
    """What `route` decides with the same arguments, explained."""
    plan = route(routing_request, virtual_key, table, health, now, rng)
    return explain_for(plan, virtual_key, table)


def explain_for(plan: Plan, virtual_key: VirtualKey, table: RoutingTable) -> Simulation:
    """The plan, and whether local inference stands in where none of it answers."""
    held = applies(plan.profile, virtual_key, table)
    words = sentence(held, place_of(table.local_default))
    return replace(explain(plan), local_fallback=held, local_fallback_words=words)


def explain(plan: Plan) -> Simulation:
    """A plan in the words of operators, with the exact chances of a draw."""
    verdicts = {id(verdict.target): verdict for verdict in plan.verdicts if verdict.kept}
    chances = probabilities(plan)
    priced = plan.profile is not None and strategy_named(plan.profile.strategy).reads_prices
    candidates = tuple(
        _explained(candidate, chance, verdicts.get(id(candidate.target)), priced=priced)
        for candidate, chance in zip(plan.candidates, chances, strict=True)
    )
    return Simulation(
        profile=None if plan.profile is None else _profile(plan.profile),
        reason=plan.reason,
        alias=plan.alias,
        candidates=candidates,
        rejections=tuple(_rejected(one) for one in plan.verdicts if not one.kept),
        refusal=plan.refusal,
        warning=plan.warning,
        skipped=plan.skipped,
        sticky=plan.sticky,
        estimated=plan.profile is not None and strategy_named(plan.profile.strategy).estimates,
    )


def probabilities(plan: Plan) -> list[float]:
    """Of each candidate, the probability that a decision like this one tries it first.

    The strategy chooses among the healthy targets while there are any: those behind them are never
    tried first. Whether one that recovers is among the healthy ones is drawn for each request, so
    all of these draws are weighed. A session that sticks draws nothing. Without targets there is
    the local fallback alone.
    """
    if plan.profile is None:
        return [1.0] * len(plan.candidates)
    if plan.sticky:
        return [float(not place) for place in range(len(plan.candidates))]
    kept = [verdict for verdict in plan.verdicts if verdict.kept]
    if not kept:
        return [1.0] * len(plan.candidates)
    strategy = strategy_named(plan.profile.strategy)
    recovering = [one for one in kept if one.share < 1.0]
    drawn, settled = recovering[:MOST_DRAWN], {id(one) for one in recovering[MOST_DRAWN:]}
    chance: dict[int, float] = {}
    for draw in product((True, False), repeat=len(drawn)):
        likely = prod(
            one.share if lucky else 1.0 - one.share for one, lucky in zip(drawn, draw, strict=True)
        )
        lucky = {id(one) for one, is_lucky in zip(drawn, draw, strict=True) if is_lucky}
        leading = [
            one
            for one in kept
            if id(one) in lucky
            or (one.demoted is None and (one.share >= 1.0 or id(one) in settled))
        ]
        leading = leading or kept
        costs = [replace(one.target, cost=one.cost) for one in leading]
        for one, share in zip(leading, strategy.first_probabilities(costs), strict=True):
            chance[id(one.target)] = chance.get(id(one.target), 0.0) + likely * share
    return [chance.get(id(candidate.target), 0.0) for candidate in plan.candidates]


def _profile(profile: Profile) -> dict[str, Any]:
    return {
        "id": profile.id,
        "name": profile.name,
        "virtual_provider": profile.virtual_provider,
        "strategy": profile.strategy,
        "implicit": profile.implicit,
    }


def _explained(
    candidate: Candidate, chance: float, verdict: Verdict | None, *, priced: bool
) -> Explained:
    return Explained(
        provider=candidate.provider.name,
        model=candidate.model,
        probability=chance,
        target=None if candidate.target is None else candidate.target.position,
        local=candidate.provider.is_local,
        demoted=None if verdict is None else verdict.demoted,
        detail=_detail(verdict, priced=priced),
        cost=None if verdict is None else verdict.cost,
        priced=priced,
    )


def _detail(verdict: Verdict | None, *, priced: bool) -> str:
    if verdict is None or not (priced or verdict.demoted == "spilled"):
        return ""
    return verdict.detail


def _rejected(verdict: Verdict) -> Rejected:
    return Rejected(
        provider=verdict.target.provider,
        model=verdict.model,
        target=verdict.target.position,
        reason=verdict.rejection or "",
        detail=verdict.detail,
    )
