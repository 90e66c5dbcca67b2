from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.utils.translation import gettext
from rest_framework import serializers

from governance import strategies
from governance.models import RoutingProfile, RoutingTarget
from governance.models.routing_target import THRESHOLDS
from governance.routing.fields import Problem, kind_of
from governance.routing.rules import (
    ProviderNames,
    identity_problems,
    locality,
    reach_problems,
    shadow_problems,
    taken,
    target_count_problems,
    target_set_problems,
)
from governance.routing.target_rules import model_problems, provider_name_problems
from governance.serializers.parts import OptionalPartSerializer
from governance.serializers.strict import NOTHING, Reading, StrictSerializer

Document = Mapping[str, Any]


class RateLimitSerializer(StrictSerializer):
    """Skip the target once this share of its provider's limit is used; percent."""

    noun = "A rate_limit"
    absent = None

    class Meta:
        model = RoutingTarget
        fields = THRESHOLDS

    def read(self, reading: Reading) -> None:
        limits = reading.document.get("rate_limit")
        if isinstance(limits, Mapping):
            reading.found += self.problems(limits, reading.path("rate_limit"))
        elif limits is not None:
            message = gettext("rate_limit must be an object, not %(kind_of)s.") % {
                "kind_of": kind_of(limits)
            }
            reading.note("rate_limit", "type", message)

    def fill_from(self, row: RoutingTarget, document: Document) -> None:
        self.fill(row, document.get("rate_limit") or NOTHING)

    def show(self, row: RoutingTarget) -> dict[str, Any] | None:
        """null without thresholds, and only those that are set."""
        limits = self.document(row)
        return {name: value for name, value in limits.items() if value is not None} or None


def _provider(reading: Reading) -> Iterable[Problem]:
    return provider_name_problems(reading.values)


def _model(reading: Reading) -> Iterable[Problem]:
    return model_problems(reading.document)


class TargetSerializer(StrictSerializer):
    """One concrete place a profile may send a request to."""

    noun = "A target"
    quiet = frozenset({"hedge_after"})
    rules = {"provider": _provider, "model": _model}

    rate_limit = RateLimitSerializer(required=False, allow_null=True)

    class Meta:
        model = RoutingTarget
        exclude = ("id", "profile", "position", *THRESHOLDS)

    @classmethod
    def unknown(cls, document: object, path: str = "") -> list[Problem]:
        found = super().unknown(document, path)
        limits = document.get("rate_limit") if isinstance(document, Mapping) else None
        return found + RateLimitSerializer.unknown(limits, f"{path}.rate_limit")


class TargetsField(serializers.ListSerializer[Any]):
    """The targets in their order, each beside its neighbours and the profile it belongs to."""

    def read(self, reading: Reading) -> None:
        targets = reading.document.get("targets")
        if targets is not None and not isinstance(targets, list | tuple):
            reading.note(
                "targets",
                "type",
                gettext("targets must be a list, not %(kind_of)s.") % {"kind_of": kind_of(targets)},
            )
            return
        found = list(target_count_problems(targets or ()))
        if not found:
            names = reading.beside.get("locality", NOTHING) if reading.values["local_only"] else {}
            for index, target in enumerate(targets or ()):
                path = f"targets[{index}]"
                found += TargetSerializer.problems(target, path)
                if names:
                    found += [problem.under(path) for problem in reach_problems(target, names)]
            found += target_set_problems(reading.values, targets or ())
        reading.found += found

    def fill_from(self, row: RoutingProfile, document: Document) -> None:
        row.draft = []
        for position, target in enumerate(document["targets"]):
            one = RoutingTarget(profile=row, position=position)
            TargetSerializer.fill(one, target)
            row.draft.append(one)

    def show(self, row: RoutingProfile) -> list[dict[str, Any]]:
        return [TargetSerializer.document(one) for one in row.ordered_targets()]


class CacheSerializer(OptionalPartSerializer):
    """For how long answers are given again to the same request, and to whom."""

    noun = "A cache"
    needed = ("ttl",)
    columns = {name: f"cache_{name}" for name in ("ttl", "scope", "tools", "cadence")}
    quiet = frozenset({"tools", "cadence"})

    class Meta:
        model = RoutingProfile
        fields = ("ttl", "scope", "tools", "cadence")


class ShadowSerializer(OptionalPartSerializer):
    """Where a copy of some requests goes."""

    noun = "A shadow"
    needed = ("target", "percent")
    columns = {name: f"shadow_{name}" for name in ("target", "percent")}

    class Meta:
        model = RoutingProfile
        fields = ("target", "percent")


PARTS: Final[Mapping[str, type[OptionalPartSerializer]]] = {
    "cache": CacheSerializer,
    "shadow": ShadowSerializer,
}
"""Of a profile, by their names in its document."""
PART_COLUMNS: Final = tuple(column for one in PARTS.values() for column in one.columns.values())


def _shadow(reading: Reading) -> Iterable[Problem]:
    return shadow_problems(reading.values, reading.beside.get("locality", NOTHING))


def _identity(reading: Reading) -> Iterable[Problem]:
    beside = reading.beside
    return identity_problems(
        reading.values, beside.get("taken", frozenset()), beside.get("locality", NOTHING)
    )


class ProfileSerializer(StrictSerializer):
    """A routing profile: a virtual provider and the targets behind it."""

    noun = "A routing profile"
    quiet = frozenset(
        {
            *("retries", "hedge_after", "sticky_sessions", "return_after", "on_broken_stream"),
            *("spill_after", *PARTS),
        }
    )
    placed = {"targets": "strategy"}
    check_after = {"description": "virtual_provider", "targets": "local_only"}
    rules = {"virtual_provider": _identity, "shadow": _shadow}

    cache = CacheSerializer(required=False, allow_null=True)
    shadow = ShadowSerializer(required=False, allow_null=True)
    targets = TargetsField(child=TargetSerializer(), allow_empty=False)

    class Meta:
        model = RoutingProfile
        exclude = PART_COLUMNS

    @classmethod
    def exported(cls, row: RoutingProfile) -> dict[str, Any]:
        document = super().exported(row)
        document["targets"] = [TargetSerializer.without_quiet(one) for one in document["targets"]]
        for name, part in PARTS.items():
            if name in document:
                document[name] = part.without_quiet(document[name])
        return document

    @classmethod
    def unknown(cls, document: object, path: str = "") -> list[Problem]:
        found = super().unknown(document, path)
        targets = document.get("targets") if isinstance(document, Mapping) else None
        for name, part in PARTS.items():
            if isinstance(document, Mapping) and isinstance(document.get(name), Mapping):
                found += part.unknown(document[name], f"{path}.{name}" if path else name)
        prefix = f"{path}.targets" if path else "targets"
        for index, target in enumerate(targets if isinstance(targets, list | tuple) else ()):
            found += TargetSerializer.unknown(target, f"{prefix}[{index}]")
        return found


def portable(document: Document, path: str) -> tuple[dict[str, Any], list[Problem]]:
    """An exported profile as relatives of this service take it, and what it loses by that.

    Its strategy is one that they know, and what they do not know is left out.
    """
    name = document["name"]
    plain, found = _without(document, ProfileSerializer.quiet, path, name)
    plain["targets"] = []
    for place, target in enumerate(document["targets"]):
        kept, lost = _without(target, TargetSerializer.quiet, f"{path}.targets[{place}]", name)
        plain["targets"].append(kept)
        found += lost
    strategy = strategies.strategy_named(plain["strategy"])
    if strategy.extension:
        plain["strategy"] = strategies.DEFAULT
        message = gettext(
            'The profile "%(plain)s" is exported with %(default)s: relatives do not know %(name)s.'
        ) % {"plain": name, "default": strategies.DEFAULT, "name": strategy.name}
        found.append(Problem(f"{path}.strategy", "not_portable", message))
    return plain, found


def _without(
    document: Document, hidden: frozenset[str], path: str, profile: str
) -> tuple[dict[str, Any], list[Problem]]:
    """Without what relatives do not know; an export has of that what differs from the default."""
    found = []
    for name in document:
        if name in hidden:
            message = f'"{profile}" is exported without {name}, which relatives do not know.'
            found.append(Problem(f"{path}.{name}", "not_portable", message))
    return {name: value for name, value in document.items() if name not in hidden}, found


def set_problems(documents: object, providers: ProviderNames = ()) -> list[Problem]:
    """Every rule broken by a set of profiles that is to replace all others.

    Paths begin with `routing_profiles[n]`. The profiles must be unique among each other; of two
    that collide the later one gets the problem.
    """
    if not isinstance(documents, list | tuple):
        message = gettext("routing_profiles must be a list, not %(kind_of)s.") % {
            "kind_of": kind_of(documents)
        }
        return [Problem("routing_profiles", "type", message)]
    names = locality(providers)
    found: list[Problem] = []
    seen: set[tuple[str, str]] = set()
    for index, document in enumerate(documents):
        broken = ProfileSerializer.problems(document, taken=seen, locality=names)
        found += [problem.under(f"routing_profiles[{index}]") for problem in broken]
        if isinstance(document, Mapping):
            texts = (document.get(name) for name in ("id", "name", "virtual_provider"))
            identity, name, virtual = (one if isinstance(one, str) else "" for one in texts)
            seen |= taken([(identity, name, virtual)])
    return found
