"""Switching a thing on or off from the search: it asks once more before it does it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from gateway.console.forms.service_admin import who
from gateway.console.theme.page import console_view, page
from governance import services
from governance.errors import Refused
from governance.models import ApiKey, HeuristicRule, ModelMapping, Provider, RoutingProfile
from governance.serializers import MappingSerializer, ProviderSerializer, RuleSerializer

_KEPT: Final = ("has_api_key", "credential", "extra_headers")
"""What the document of a provider shows and a save leaves alone."""


@dataclass(frozen=True, slots=True)
class Switchable:
    """A kind of thing that is on or off."""

    label: str | Promise
    model: Any
    name: str
    """The field people know it by."""
    permission: str
    write: Callable[[HttpRequest, Any, bool], Any]


def _provider(request: HttpRequest, row: Provider, on: bool) -> Any:
    document = ProviderSerializer.document(row)
    plain = {name: value for name, value in document.items() if name not in _KEPT}
    credentials = request.user.has_perm("governance.set_credentials")
    return services.save_provider(
        {**plain, "enabled": on}, who=who(request), existing=row.name, credentials=credentials
    )


def _profile(request: HttpRequest, row: RoutingProfile, on: bool) -> Any:
    return services.switch_profile(row.pk, on, who=who(request))


def _key(request: HttpRequest, row: ApiKey, on: bool) -> Any:
    maker = services.maker_of(request.user)
    return services.update_key(row.pk, {"enabled": on}, who=who(request), maker=maker)


def _rule(request: HttpRequest, row: HeuristicRule, on: bool) -> Any:
    document = {**RuleSerializer.document(row), "enabled": on}
    return services.save_rule(document, who=who(request), existing=row.pk)


def _mapping(request: HttpRequest, row: ModelMapping, on: bool) -> Any:
    document = {**MappingSerializer.document(row), "enabled": on}
    return services.save_mapping(document, who=who(request), existing=row.pk)


KINDS: Final[Mapping[str, Switchable]] = {
    "provider": Switchable(
        gettext_lazy("provider"), Provider, "name", "change_provider", _provider
    ),
    "profile": Switchable(
        gettext_lazy("routing profile"), RoutingProfile, "name", "change_routingprofile", _profile
    ),
    "key": Switchable(gettext_lazy("API key"), ApiKey, "name", "change_apikey", _key),
    "rule": Switchable(
        gettext_lazy("heuristic rule"), HeuristicRule, "name", "change_heuristicrule", _rule
    ),
    "mapping": Switchable(
        gettext_lazy("model mapping"), ModelMapping, "pattern", "change_modelmapping", _mapping
    ),
}
VERBS: Final = {"enable": "on", "disable": "off"}
MOST: Final = 4


class Action(NamedTuple):
    """Something that can be done, as the palette shows it."""

    words: str
    kind: str
    identity: str
    to: str


def matching(request: HttpRequest, words: str) -> Iterator[Action]:
    """For words that begin with what is to be done; kind and name may follow in any order."""
    first, *rest = words.casefold().split()
    for verb, to in VERBS.items():
        if len(first) < 3 or not verb.startswith(first):
            continue
        for kind, switchable in KINDS.items():
            if not request.user.has_perm(f"governance.{switchable.permission}"):
                continue
            known = str(switchable.label).casefold()
            named = [part for part in rest if part not in known.split() and part != kind]
            if not named and not (rest and set(rest) <= {*known.split(), kind}):
                continue
            rows = switchable.model.objects.filter(enabled=to == "off")
            for part in named:
                rows = rows.filter(**{f"{switchable.name}__icontains": part})
            for row in rows[:MOST]:
                yield Action(_said(to, switchable, row), kind, str(row.pk), to)


@require_http_methods(["GET", "POST"])
@console_view()
def ask(request: HttpRequest) -> HttpResponse:
    """A page that says what will be done, with the button that does it."""
    given = request.POST if request.method == "POST" else request.GET
    switchable, to = KINDS.get(given.get("kind", "")), given.get("to", "")
    if switchable is None or to not in VERBS.values():
        return HttpResponseRedirect(reverse("admin:index"))
    if not request.user.has_perm(f"governance.{switchable.permission}"):
        raise PermissionDenied
    row = _row(switchable, given.get("id", ""))
    name = switchable.model._meta.model_name
    if row is None:
        messages.warning(request, _("It is not there any more."))
        return HttpResponseRedirect(reverse(f"admin:governance_{name}_changelist"))
    there = reverse(f"admin:governance_{name}_change", args=(row.pk,))
    if request.method == "GET":
        words = _said(to, switchable, row)
        return page(
            request,
            "console/search/switch.html",
            words,
            words=words,
            there=there,
            asked={"kind": given["kind"], "id": row.pk, "to": to},
        )
    try:
        switchable.write(request, row, to == "on")
    except Refused as refused:
        messages.error(request, _("Nothing was changed. %(why)s") % {"why": refused})
    else:
        text = _("%(name)s is switched on.") if to == "on" else _("%(name)s is switched off.")
        messages.success(request, text % {"name": getattr(row, switchable.name)})
    return HttpResponseRedirect(there)


def _row(switchable: Switchable, identity: str) -> Any:
    try:
        return switchable.model.objects.filter(pk=identity.replace("\x00", "")).first()
    except ValueError:
        return None


def _said(to: str, switchable: Switchable, row: Any) -> str:
    names = {"kind": switchable.label, "name": getattr(row, switchable.name)}
    if to == "on":
        return _("Enable %(kind)s %(name)s") % names
    return _("Disable %(kind)s %(name)s") % names
