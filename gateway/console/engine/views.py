"""The local engine's page: what each model does, load and unload."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from gateway.console.engine.panel import panel
from gateway.console.theme.page import console_view, page
from gateway.local_models import make_default
from governance import audit, snapshot
from governance.errors import Refused
from inference.local.client import EngineClient, EngineRefused, EngineUnavailable
from inference.local.store.errors import CannotAdd

VIEW = "gateway.view_engine"
OPERATE = "gateway.operate_engine"
IN_USE = 409


def client() -> EngineClient:
    return EngineClient(settings.ENGINE_SOCKET)


@require_GET
@console_view(VIEW)
def show(request: HttpRequest) -> HttpResponse:
    """The whole page."""
    return page(request, "console/engine/page.html", gettext("Local engine"), **_state(request))


@require_GET
@console_view(VIEW)
def state(request: HttpRequest) -> HttpResponse:
    """The part of it that changes, asked for again and again."""
    return render(request, "console/engine/state.html", _state(request))


@require_POST
@console_view(VIEW, OPERATE)
def load(request: HttpRequest) -> HttpResponse:
    name = request.POST.get("model", "")
    try:
        client().load(name)
    except (EngineRefused, EngineUnavailable) as error:
        messages.error(request, str(error))
    else:
        _note("load", name, "loaded")
        messages.success(request, gettext("Loading %(name)s.") % {"name": name})
    return HttpResponseRedirect(reverse("console:engine"))


@require_POST
@console_view(VIEW, OPERATE)
def unload(request: HttpRequest) -> HttpResponse:
    """Ends the model's process. What is in use is only cut off when the operator says so twice."""
    name, force = request.POST.get("model", ""), "force" in request.POST
    try:
        client().unload(name, force=force)
    except EngineRefused as refused:
        if refused.status == IN_USE and not force:
            return page(
                request,
                "console/engine/unload.html",
                gettext("Unload a model in use"),
                model=name,
                reason=refused.message,
            )
        messages.error(request, refused.message)
    except EngineUnavailable as error:
        messages.error(request, str(error))
    else:
        _note("unload", name, "unloaded, whatever it was at work on" if force else "unloaded")
        messages.success(
            request,
            gettext("Unloaded %(name)s. The next request for it loads it again.") % {"name": name},
        )
    return HttpResponseRedirect(reverse("console:engine"))


def _note(action: str, model: str, words: str) -> None:
    audit.record([audit.Act(action, "local model", model, model, "", [words])])


@require_POST
@console_view(VIEW, OPERATE)
def add(request: HttpRequest) -> HttpResponse:
    """Begins to fetch a model; the page tells how that goes."""
    source = request.POST.get("source", "").strip()
    try:
        client().add(source, request.POST.get("name", "").strip())
    except (EngineRefused, EngineUnavailable) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Adding %(source)s.") % {"source": source})
        _note("add", source, "its files are being fetched")
    return HttpResponseRedirect(reverse("console:engine"))


@require_POST
@console_view(VIEW, OPERATE)
def remove(request: HttpRequest) -> HttpResponse:
    """Deletes a model's files, once the operator has said so twice."""
    name = request.POST.get("model", "")
    if "sure" not in request.POST:
        title = _("Remove a model")
        return page(request, "console/engine/remove.html", title, model=name)
    try:
        client().remove(name, force=True)
    except (EngineRefused, EngineUnavailable) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Removed %(name)s.") % {"name": name})
        _note("remove", name, "its files were deleted")
    return HttpResponseRedirect(reverse("console:engine"))


@require_POST
@console_view(VIEW, "governance.change_provider", "governance.change_routingprofile")
def default(request: HttpRequest) -> HttpResponse:
    """Makes a model what its provider is asked for where none is named."""
    try:
        done = make_default(request.POST.get("model", ""), who=request.user.get_username())
    except (CannotAdd, Refused) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, " ".join(done))
    return HttpResponseRedirect(reverse("console:engine"))


def _state(request: HttpRequest) -> dict[str, Any]:
    found: dict[str, Any] = {
        "may_operate": request.user.has_perm(OPERATE),
        "may_choose": request.user.has_perms(
            ("governance.change_provider", "governance.change_routingprofile")
        ),
        "models_dir": settings.MODELS_DIR,
    }
    try:
        found["engine"] = panel(client().models(), snapshot.current())
    except (EngineUnavailable, EngineRefused) as error:
        found["trouble"] = str(error)
    return found
