"""What a field that searches offers. A page of answers at most, however many there are."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Final

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from gateway.console.picker import subjects
from gateway.console.playground.choices import usable_keys
from gateway.console.targets.row_state import RowStates
from gateway.console.theme.page import console_view
from governance import snapshot
from governance.models import ApiKey, Provider, RoutingProfile

PLAYGROUND: Final = "gateway.use_playground"
MOST: Final = 20
"""Offered at once; one more is looked for, to know whether there are more."""


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to choose."""

    value: str
    label: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """Things of one sort: who may see their names, and how they are found."""

    permissions: tuple[str, ...]
    """Any of them will do."""
    find: Callable[[str, Mapping[str, str]], Iterable[Option]]


@require_GET
@console_view()
def pick(request: HttpRequest, kind: str) -> HttpResponse:
    """The things of a kind whose names hold the words of `q`."""
    wanted = KINDS.get(kind)
    if wanted is None:
        raise Http404
    if not any(map(request.user.has_perm, wanted.permissions)):
        raise PermissionDenied
    words = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    beside = {name: str(value) for name, value in request.GET.items()}
    found = [one for _, one in zip(range(MOST + 1), wanted.find(words, beside), strict=False)]
    options = [asdict(one) for one in found[:MOST]]
    return JsonResponse({"options": options, "more": len(found) > MOST})


def _keys(words: str, beside: Mapping[str, str]) -> Iterable[Option]:
    rows = ApiKey.objects.all()
    if words:
        rows = rows.filter(
            Q(name__icontains=words) | Q(prefix__startswith=words) | Q(pk__startswith=words)
        )
    for row in rows.only("pk", "name", "prefix", "enabled", "expires_at")[: MOST + 1]:
        yield Option(
            row.pk, row.name, f"{row.prefix}… {'' if row.state == 'active' else row.state}"
        )


def _usable_keys(words: str, beside: Mapping[str, str]) -> Iterable[Option]:
    wanted = words.casefold()
    for one in usable_keys(snapshot.current(), time.time()):
        if wanted in one.name.casefold():
            yield Option(one.id, one.name)


def _profiles(words: str, beside: Mapping[str, str]) -> Iterable[Option]:
    rows = RoutingProfile.objects.all()
    if words:
        rows = rows.filter(Q(name__icontains=words) | Q(virtual_provider__icontains=words))
    for row in rows.values("pk", "name", "virtual_provider")[: MOST + 1]:
        yield Option(row["pk"], row["name"], f"{row['virtual_provider']}/…")


def _providers(words: str, beside: Mapping[str, str]) -> Iterable[Option]:
    rows = Provider.objects.filter(name__icontains=words) if words else Provider.objects.all()
    for row in rows[: MOST + 1]:
        yield Option(row.name, row.name, "" if row.enabled else "disabled")


def _models(words: str, beside: Mapping[str, str]) -> Iterable[Option]:
    """Those of the provider beside the field; of one that nobody knows, those of all."""
    wanted, parts = beside.get("provider", "").strip(), words.casefold().split()
    rows = Provider.objects.filter(name__iexact=wanted)
    rows = rows if wanted and rows.exists() else Provider.objects.all()
    states, seen = RowStates(), set()
    for name, default, models in rows.values_list("name", "default_model", "models"):
        for model in (default, *models):
            if not model or (name, model) in seen:
                continue
            if all(part in model.casefold() for part in parts):
                seen.add((name, model))
                facts = states.facts(name, model)
                yield Option(model, model, facts if wanted else f"{name} {facts}".strip())


def _limit_subjects(words: str, beside: Mapping[str, str]) -> Iterable[Option]:
    if words.casefold() in subjects.subject_label(subjects.EVERYTHING).casefold():
        yield Option(subjects.EVERYTHING, subjects.subject_label(subjects.EVERYTHING))
    yield from (Option(*one) for one in subjects.found(subjects.OF_LIMITS, words, MOST + 1))


def _alert_subjects(words: str, beside: Mapping[str, str]) -> Iterable[Option]:
    return (Option(*one) for one in subjects.found(subjects.OF_ALERTS, words, MOST + 1))


KINDS: Final[Mapping[str, Kind]] = {
    "keys": Kind(("governance.view_apikey", "governance.view_routingprofile"), _keys),
    "usable-keys": Kind((PLAYGROUND,), _usable_keys),
    "alert-subjects": Kind(("governance.view_alertrule",), _alert_subjects),
    "limit-subjects": Kind(("governance.view_limit",), _limit_subjects),
    "profiles": Kind(("governance.view_routingprofile", PLAYGROUND), _profiles),
    "providers": Kind(("governance.view_provider", "governance.view_routingprofile"), _providers),
    "models": Kind(("governance.view_provider", "governance.view_routingprofile"), _models),
}
"""By the name that fields ask for."""
