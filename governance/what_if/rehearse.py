"""One request, decided with a draft of a profile and with what is saved. Pure."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from django.utils.translation import gettext

from governance.routing.beside import beside
from governance.routing.breaker import HEALTHY, HealthReader
from governance.routing.course import CourseStep, course
from governance.routing.explain import Explained, Simulation, explain
from governance.routing.plan import Plan
from governance.routing.request import RoutingRequest
from governance.routing.resolve import route
from governance.routing.table import ANONYMOUS, RoutingTable, VirtualKey
from governance.what_if.draft import profile_of, with_profile

SEED: Final = 1
"""Draws come out the same each time, so that only what was typed changes what is shown."""

Place = tuple[str, str, bool]
"""Provider, model, and whether it is the local fallback."""


@dataclass(frozen=True, slots=True)
class CandidateChange:
    """What becomes of one candidate. `before` and `after` count from 1; None: not in the chain."""

    provider: str
    model: str
    local_fallback: bool
    before: int | None
    after: int | None
    probability_before: float
    probability_after: float

    @property
    def words(self) -> str:
        """A sentence without its subject."""
        if self.before is None:
            return gettext("joins the chain at place %(after)s") % {"after": self.after}
        if self.after is None:
            return gettext("leaves the chain, where it was at place %(before)s") % {
                "before": self.before
            }
        said = []
        if self.before != self.after:
            said.append(
                gettext("moves from place %(before)s to %(after)s")
                % {"before": self.before, "after": self.after}
            )
        chances = (self.probability_before, self.probability_after)
        # Certainty goes with the place and needs no words of its own.
        if round(chances[0], 4) != round(chances[1], 4) and set(chances) != {0.0, 1.0}:
            said.append(
                gettext("comes first in %(chances)s of requests instead of %(chances_2)s")
                % {"chances": f"{chances[1]:.1%}", "chances_2": f"{chances[0]:.1%}"}
            )
        return " and ".join(said)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The decision as it would be, and what changes against the one that is in force."""

    draft: Simulation
    saved: Simulation | None
    """None when the profile is not saved yet and the request was sent straight to it."""
    changes: tuple[CandidateChange, ...]
    moved: str
    """A sentence when another profile is chosen than now, or a request is refused that was not."""
    course: tuple[CourseStep, ...] = ()
    """What the request goes through, under the conditions supposed; the draft's."""
    beside: tuple[str, ...] = ()
    """What the draft's cache and shadow mean for the request, a sentence each."""

    @property
    def same(self) -> bool:
        return self.saved is not None and not self.changes and not self.moved

    @property
    def answered_by(self) -> CourseStep | None:
        """Who answers under the conditions supposed; None where the caller gets an error."""
        return next((step for step in self.course if step.answers), None)


def rehearse(
    document: Mapping[str, Any],
    routing_request: RoutingRequest,
    table: RoutingTable,
    *,
    virtual_key: VirtualKey = ANONYMOUS,
    health: HealthReader = HEALTHY,
    supposed: Mapping[str, str] = MappingProxyType({}),
    inside: bool = True,
) -> Rehearsal:
    """Decides on `routing_request` with the profile that `document` describes, and without it.

    The document keeps every rule. With `inside` the request goes straight to the profile, whatever
    the policy would choose, and with its own key if it belongs to one; otherwise the whole policy
    decides, which may choose another profile.
    """
    profile = profile_of(document)
    if inside:
        routing_request = routing_request._replace(profile_hint=profile.id)
        if profile.virtual_key_id and virtual_key is ANONYMOUS:
            virtual_key = _key(profile.virtual_key_id, table)
    plan = _route(routing_request, virtual_key, with_profile(table, profile), health)
    draft = explain(plan)
    saved = None
    if not inside or profile.id in table.profiles:
        saved = explain(_route(routing_request, virtual_key, table, health))
    changes = () if saved is None else tuple(differences(saved, draft))
    moved = "" if saved is None else _moved(saved, draft)
    drawn = random.Random(SEED)  # noqa: S311  # the same draw each time
    told = beside(plan, routing_request, virtual_key, table, health, drawn)
    words = tuple(one["detail"] for one in told.values())
    return Rehearsal(draft, saved, changes, moved, course(plan, routing_request, supposed), words)


def differences(before: Simulation, after: Simulation) -> list[CandidateChange]:
    """Candidates whose place or chance changes: those of the new chain, then those that left."""
    old, new = _places(before), _places(after)
    found = []
    for place in [*new, *(place for place in old if place not in new)]:
        was, was_likely = old.get(place, (None, 0.0))
        now, now_likely = new.get(place, (None, 0.0))
        change = CandidateChange(*place, was, now, was_likely, now_likely)
        if change.words:
            found.append(change)
    return found


def _route(
    routing_request: RoutingRequest,
    virtual_key: VirtualKey,
    table: RoutingTable,
    health: HealthReader,
) -> Plan:
    return route(routing_request, virtual_key, table, health, 0.0, random.Random(SEED))  # noqa: S311  # the same draw each time


def _key(identity: str, table: RoutingTable) -> VirtualKey:
    for virtual_key in table.virtual_keys.values():
        if virtual_key.id == identity:
            return virtual_key
    return replace(ANONYMOUS, id=identity)


def _places(simulation: Simulation) -> dict[Place, tuple[int, float]]:
    """The first place of each candidate, and the chance that it leads."""
    found: dict[Place, tuple[int, float]] = {}
    for number, one in enumerate(simulation.candidates, 1):
        place = _place(one)
        first, chance = found.get(place, (number, 0.0))
        found[place] = (first, chance + one.probability)
    return found


def _place(one: Explained) -> Place:
    return one.provider, one.model, one.local_fallback


def _moved(before: Simulation, after: Simulation) -> str:
    if after.refusal is not None and before.refusal is None:
        return gettext("The request would be refused; now it is answered.")
    if before.refusal is not None and after.refusal is None:
        return gettext("The request would be answered; now it is refused.")
    was, now = before.profile, after.profile
    if was is None or now is None or (was["id"], was["implicit"]) == (now["id"], now["implicit"]):
        return ""
    return gettext("The request would go to %(named)s; now it goes to %(named_2)s.") % {
        "named": _named(now),
        "named_2": _named(was),
    }


def _named(chosen: Mapping[str, Any]) -> str:
    return f"the {'provider' if chosen['implicit'] else 'profile'} {chosen['name']}"
