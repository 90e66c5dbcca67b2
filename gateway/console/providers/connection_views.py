"""Test a provider's connection, list its models, keep some of them."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from gateway.console.forms.service_admin import cloud_routing, who
from gateway.console.providers.admin import SET_CREDENTIALS
from gateway.console.providers.connection import Unanswered, complete, listed
from gateway.console.providers.connection_copy import models_page
from gateway.console.providers.draft import drafted_provider
from gateway.console.theme.page import console_view
from governance import kinds, services, snapshot
from governance.errors import Refused
from governance.load_table import provider_entry
from governance.models import Provider as Row
from governance.routing.table import ProviderEntry
from governance.serializers import ProviderSerializer
from inference.local.client import EngineClient, EngineRefused, EngineUnavailable

CHANGE = "governance.change_provider"
NOT_WRITTEN = ("has_api_key", "credential", "extra_headers")
"""Left out of the document that keeps models: what is stored stays."""


@require_GET
@console_view("governance.view_provider")
def page_of(request: HttpRequest, pk: int) -> HttpResponse:
    """The page that the forms below lie on."""
    return HttpResponseRedirect(reverse("admin:governance_provider_change", args=(pk,)))


@require_POST
@console_view(CHANGE)
def test(request: HttpRequest, pk: int) -> HttpResponse:
    """A completion of one token; its time, or the reason it failed, is told on the form's page."""
    row = get_object_or_404(Row, pk=pk)
    try:
        provider = _saved(row)
        model = request.POST.get("model", "").strip() or _usual_model(provider)
        answered = complete(provider, model)
    except Unanswered as failed:
        messages.error(
            request,
            gettext("%(name)s failed the test. %(failed)s") % {"name": row.name, "failed": failed},
        )
    else:
        text = gettext("%(name)s works: %(model)s answered in %(milliseconds)s ms.") % {
            "name": row.name,
            "model": answered.model,
            "milliseconds": answered.milliseconds,
        }
        messages.success(request, text)
    return _back(row)


@require_POST
@console_view("governance.view_provider")
def attempt(request: HttpRequest) -> HttpResponse:
    """The same of a provider as it stands in its form, before it is saved: nothing is kept."""
    drafted = drafted_provider(request)
    if drafted.problems:
        return JsonResponse({"ok": False, "problems": drafted.problems})
    assert drafted.row is not None
    try:
        provider = _as_requests_meet_it(drafted.row)
        answered = complete(provider, _usual_model(provider))
        names = _names_or_nothing(provider)
    except Unanswered as failed:
        return JsonResponse({"ok": False, "problems": [str(failed)]})
    told = _("It works: %(model)s answered in %(time)s ms.") % {
        "model": answered.model,
        "time": answered.milliseconds,
    }
    return JsonResponse({"ok": True, "words": told, "models": names})


@require_POST
@console_view(CHANGE)
def models(request: HttpRequest, pk: int) -> HttpResponse:
    """What the provider lists, those that are kept already ticked."""
    row = get_object_or_404(Row, pk=pk)
    try:
        names = _names(_saved(row))
    except Unanswered as failed:
        messages.error(
            request,
            gettext("%(name)s did not list its models. %(failed)s")
            % {"name": row.name, "failed": failed},
        )
        return _back(row)
    return models_page(request, row, names, ticked=row.models)


@require_POST
@console_view(CHANGE)
def keep(request: HttpRequest, pk: int) -> HttpResponse:
    """The ticked ones become the provider's models, by the same rules as its form."""
    row = get_object_or_404(Row, pk=pk)
    document = {k: v for k, v in ProviderSerializer.document(row).items() if k not in NOT_WRITTEN}
    document["models"] = list(dict.fromkeys(request.POST.getlist("models")))
    try:
        services.save_provider(
            document,
            who=who(request),
            existing=row.name,
            credentials=request.user.has_perm(SET_CREDENTIALS),
        )
    except Refused as refused:
        messages.error(request, gettext("Nothing was saved. %(refused)s") % {"refused": refused})
    else:
        text = gettext("%(name)s now has %(counted)s.") % {
            "name": row.name,
            "counted": _counted(document["models"]),
        }
        messages.success(request, text)
    return _back(row)


def _as_requests_meet_it(row: Row) -> ProviderEntry:
    """A provider that need not be saved. Raises `Unanswered` where none could be sent."""
    if not row.is_local and not cloud_routing():
        raise Unanswered(
            gettext("Cloud routing is off and the provider is not local: nothing was sent.")
        )
    return provider_entry(row)


def _names_or_nothing(provider: ProviderEntry) -> tuple[str, ...]:
    """A provider that lists nothing may answer all the same."""
    try:
        return _names(provider)
    except Unanswered:
        return ()


def _saved(row: Row) -> ProviderEntry:
    """The provider as requests meet it. Raises `Unanswered` where none could be sent."""
    if not row.is_local and not cloud_routing():
        raise Unanswered(
            gettext("Cloud routing is off and the provider is not local: nothing was sent.")
        )
    if row.credential == "unreadable":
        raise Unanswered(
            gettext("Its credential cannot be read, so nothing was sent: set it anew.")
        )
    provider = snapshot.refresh().providers.get(row.name.casefold())
    if provider is None:
        raise Unanswered(gettext("The routing table does not hold it. See the service's log."))
    return provider


def _usual_model(provider: ProviderEntry) -> str:
    """What to ask for when nobody says: its default, else the first it is known to have."""
    if provider.default_model or provider.models:
        return provider.default_model or provider.models[0]
    names = _names(provider)
    if not names:
        raise Unanswered(gettext("It lists no model, so there is none to ask: name one."))
    return names[0]


def _names(provider: ProviderEntry) -> tuple[str, ...]:
    if not kinds.is_engine(provider.kind):
        return listed(provider)
    try:
        report = EngineClient(settings.ENGINE_SOCKET).models()
    except (EngineUnavailable, EngineRefused) as error:
        raise Unanswered(str(error)) from None
    runtime = kinds.runtime_of(provider.kind)
    return tuple(model.name for model in report.models if model.runtime in ("", runtime))


def _counted(names: list[str]) -> str:
    return ngettext("%(count)d model", "%(count)d models", len(names)) % {"count": len(names)}


def _back(row: Row) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:governance_provider_change", args=(row.pk,)))
