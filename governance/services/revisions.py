"""Going back to an earlier state, through the same rules as every other change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext

from governance.errors import Forbidden, NotFound, check
from governance.kinds import read_as_today
from governance.models import (
    HeuristicRule,
    Limit,
    ModelMapping,
    ModelPrice,
    Provider,
    Revision,
    RoutingProfile,
)
from governance.routing.fields import Problem
from governance.serializers import (
    MASK,
    LimitSerializer,
    MappingSerializer,
    ModelPriceSerializer,
    ProfileSerializer,
    ProviderSerializer,
    RuleSerializer,
)
from governance.serializers.profiles import set_problems
from governance.serializers.strict import StrictSerializer
from governance.services import budgets, mappings, profiles, providers, rules
from governance.services.change import Change, change
from governance.services.comparing import find_revision
from governance.services.importing import ReplacePlan

Document = dict[str, Any]
State = dict[str, dict[Any, Document]]
"""Documents by kind and id."""


@dataclass(slots=True)
class Reverted:
    """What a revert did, or would do, in words."""

    changes: tuple[str, ...] = ()
    warnings: list[Problem] = field(default_factory=list)


def revert(version: int, *, who: str, dry_run: bool = False, credentials: bool = True) -> Reverted:
    """Brings profiles, providers, rules, mappings, limits and prices back to how `version` left
    them.

    API keys and groups stay as they are, and so do the secrets of providers: one that comes back
    after it was deleted has none, which a warning says. Without `credentials` the caller may
    neither touch them nor move them. Raises `NotFound`, `Forbidden`, `Invalid` when today's rules
    forbid that state, and `Conflict` when a profile that keys are bound to would go.
    """
    summary = f"Went back to revision {version}."
    with change(who, "revert", summary, dry_run=dry_run) as made:
        find_revision(version)
        wanted = _state_at(version)
        _check(wanted)
        reverted = Reverted()
        for kind in _PLAIN:
            _apply(made, kind, wanted[kind], reverted.warnings, credentials)
        plan = ReplacePlan(made)
        for document in wanted[profiles.KIND].values():
            plan.add(document)
        plan.remove_the_rest()
        plan.write()
        reverted.changes = tuple(made.words)
    return reverted


def revert_one(
    kind: str,
    identity: str,
    version: int,
    *,
    who: str,
    dry_run: bool = False,
    credentials: bool = True,
) -> Reverted:
    """Brings one thing back to how `version` left it; everything else stays as it is.

    `kind` and `identity` are as revisions name the thing. Raises `NotFound` where it was not there
    or cannot be brought back, and what `revert` raises.
    """
    if kind not in REVERTIBLE:
        message = gettext("A thing of the kind %(kind)s cannot be brought back by itself.") % {
            "kind": repr(kind)
        }
        raise NotFound(Problem("kind", "not_revertible", message))
    with change(who, "revert", dry_run=dry_run) as made:
        then = {str(pk): (pk, one) for pk, one in _state_at(version)[kind].items()}
        if identity not in then:
            message = gettext("It was not there as revision %(version)s left things.") % {
                "version": version
            }
            raise NotFound(Problem("", "not_found", message))
        pk, document = then[identity]
        wanted = _state_now()
        wanted[kind][pk] = document
        _check(wanted)
        reverted = Reverted()
        if kind in _PLAIN:
            _apply(made, kind, wanted[kind], reverted.warnings, credentials)
        else:
            plan = ReplacePlan(made)
            plan.add(document)
            plan.keep_the_rest()
            plan.write()
        reverted.changes = tuple(made.words)
    return reverted


@dataclass(frozen=True, slots=True)
class _Plain:
    """A kind of thing that is one row."""

    model: Any
    serializer: type[StrictSerializer]
    name: str
    """The field that no two rows may share."""


_PLAIN: Final = {
    providers.KIND: _Plain(Provider, ProviderSerializer, "name"),
    rules.KIND: _Plain(HeuristicRule, RuleSerializer, "name"),
    mappings.KIND: _Plain(ModelMapping, MappingSerializer, "pattern"),
    budgets.LIMITS.kind: _Plain(Limit, LimitSerializer, "name"),
    budgets.PRICES.kind: _Plain(ModelPrice, ModelPriceSerializer, "model"),
}


REVERTIBLE: Final = frozenset({*_PLAIN, profiles.KIND})
"""Kinds of things that can be brought back; keys and groups stay as they are."""


def _state_now() -> State:
    state: State = {
        kind: {row.pk: plain.serializer.document(row) for row in plain.model.objects.all()}
        for kind, plain in _PLAIN.items()
    }
    state[profiles.KIND] = {
        row.pk: ProfileSerializer.document(row)
        for row in RoutingProfile.objects.prefetch_related("targets")
    }
    return state


def _state_at(version: int) -> State:
    """What is there now, with every change since taken back, the latest first."""
    state = _state_now()
    later = Revision.objects.filter(version__gt=version).order_by("-version")
    for entries in later.values_list("changes", flat=True).iterator():
        for entry in reversed(entries):
            things = state.get(entry["kind"])
            if things is None:
                continue
            things.pop(entry["id"], None)
            if entry["before"] is not None:
                things[entry["id"]] = entry["before"]
    held = state[providers.KIND]
    state[providers.KIND] = {pk: dict(read_as_today(one)) for pk, one in held.items()}
    return state


def _check(wanted: State) -> None:
    """The whole state by the rules of today."""
    provided = list(wanted[providers.KIND].values())
    chosen = list(wanted[profiles.KIND].values())
    found = set_problems(chosen, {one["name"]: one["is_local"] for one in provided})
    virtual = [one["virtual_provider"] for one in chosen]
    for one in provided:
        others = [other["name"] for other in provided if other is not one]
        broken = ProviderSerializer.problems(one, others=others, virtual_providers=virtual)
        found += [problem.under(f"providers.{one['name']}") for problem in broken]
    for one in wanted[rules.KIND].values():
        broken = RuleSerializer.problems(one)
        found += [problem.under(f"heuristic_rules.{one['name']}") for problem in broken]
    for one in wanted[mappings.KIND].values():
        broken = MappingSerializer.problems(one)
        found += [problem.under(f"model_mappings.{one['pattern']}") for problem in broken]
    for one in wanted[budgets.LIMITS.kind].values():
        broken = LimitSerializer.problems(one)
        found += [problem.under(f"limits.{one['name']}") for problem in broken]
    check(found)


def _apply(
    made: Change,
    kind: str,
    wanted: Mapping[int, Document],
    warnings: list[Problem],
    credentials: bool,
) -> None:
    """Makes the rows of one kind what the documents say, keeping their ids."""
    plain = _PLAIN[kind]
    held = {row.pk: row for row in plain.model.objects.all()}
    before = {pk: plain.serializer.document(row) for pk, row in held.items()}
    if kind == providers.KIND:
        going = (row for pk, row in held.items() if pk not in wanted)
        lost = [one for row in going for one in providers.deletion_problems(row, credentials)]
        if lost:
            raise Forbidden(lost)
    for pk, row in held.items():
        if pk not in wanted:
            made.note(kind, pk, getattr(row, plain.name), before[pk], None)
    changing = [pk for pk in held if pk in wanted and before[pk] != wanted[pk]]
    plain.model.objects.exclude(pk__in=list(wanted)).delete()
    _set_aside(plain, changing)
    for pk in [*changing, *(pk for pk in wanted if pk not in held)]:
        row = held.get(pk) or plain.model(pk=pk)
        if isinstance(row, Provider):
            _bring_back(row, wanted[pk], warnings, credentials)
        else:
            plain.serializer.fill(row, wanted[pk])
        row.clean_fields()
        row.save()
        made.note(
            kind, pk, getattr(row, plain.name), before.get(pk), plain.serializer.document(row)
        )


def _set_aside(plain: _Plain, changing: list[int]) -> None:
    """Two rows may have swapped what is unique, which the constraints forbid in between."""
    rows = plain.model.objects.filter(pk__in=changing)
    rows.update(**{plain.name: Concat(Value("~"), Cast("pk", CharField()))})
    if plain.model is Provider:
        rows.update(is_default=False)


def _bring_back(
    row: Provider, document: Document, warnings: list[Problem], credentials: bool
) -> None:
    """The provider as it can be had: what was secret stays, or is missing with a warning."""
    name = document["name"]
    if document["has_api_key"] and not row.has_api_key:
        message = gettext(
            'The API key of the provider "%(name)s" cannot be brought back: set it anew.'
        ) % {"name": name}
        warnings.append(Problem(f"providers.{name}.api_key", "secret_lost", message))
    kept = set(row.header_names())
    for header in set(document["extra_headers"]) - kept:
        message = gettext(
            'The header "%(header)s" of the provider "%(name)s" cannot be brought back.'
        ) % {"header": header, "name": name}
        path = f"providers.{name}.extra_headers.{header}"
        warnings.append(Problem(path, "secret_lost", message))
    headers = {header: MASK for header in document["extra_headers"] if header in kept}
    plain = {field: value for field, value in document.items() if field != "extra_headers"}
    if set(headers) != kept:
        plain["extra_headers"] = headers
    try:
        providers.fill_provider(row, plain, credentials)
    except Forbidden as error:
        raise Forbidden(one.under(f"providers.{name}") for one in error.problems) from error
