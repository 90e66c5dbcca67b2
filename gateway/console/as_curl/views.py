"""The call that saves what stands in a form, as it stands there. Secrets stay out of it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.serializers.json import DjangoJSONEncoder
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from gateway.console.forms.service_admin import ServiceAdmin
from gateway.console.rehearsal.draft_form import UNNAMED, read_draft
from gateway.console.theme.page import console_view
from governance.models import (
    ApiKey,
    Group,
    HeuristicRule,
    Limit,
    ModelMapping,
    ModelPrice,
    Provider,
    RoutingProfile,
)

KEY: Final = "$POINTSMAN_API_KEY"
ROOT: Final = "/api/governance"


class Resource(NamedTuple):
    """Where the API has the things of a page."""

    model: Any
    path: str
    method: str = "PUT"
    """That changes one."""
    name: str = "pk"
    """The field that names it in the path."""


RESOURCES: Final[Mapping[str, Resource]] = {
    "routingprofile": Resource(RoutingProfile, "routing-profiles"),
    "provider": Resource(Provider, "providers", name="name"),
    "apikey": Resource(ApiKey, "keys", "PATCH"),
    "heuristicrule": Resource(HeuristicRule, "heuristic-rules"),
    "modelmapping": Resource(ModelMapping, "model-mappings"),
    "group": Resource(Group, "groups"),
    "limit": Resource(Limit, "limits"),
    "modelprice": Resource(ModelPrice, "prices"),
}
"""By the model of the page."""


@require_POST
@console_view()
def written(request: HttpRequest, model: str) -> HttpResponse:
    """The command line, or what is wrong with what was typed."""
    resource = RESOURCES.get(model)
    if resource is None:
        raise Http404
    identity = request.POST.get("curl-existing", "")
    row = _row(resource, identity) if identity else None
    page = admin.site.get_model_admin(resource.model)
    assert isinstance(page, ServiceAdmin)
    allowed = (
        page.has_add_permission(request)
        if row is None
        else page.has_change_permission(request, row)
    )
    if not allowed:
        raise PermissionDenied
    document, problems = _document(request, page, resource, row)
    if problems:
        return JsonResponse({"problems": problems})
    path = f"{ROOT}/{resource.path}"
    if row is not None:
        path += f"/{quote(str(getattr(row, resource.name)), safe='')}"
    url = request.build_absolute_uri(path)
    return JsonResponse({"curl": curl("POST" if row is None else resource.method, url, document)})


def curl(method: str, url: str, document: Mapping[str, Any]) -> str:
    """A command for a POSIX shell; the body is a here-document, where nothing needs quoting."""
    body = json.dumps(document, indent=2, ensure_ascii=False, cls=DjangoJSONEncoder)
    return (
        f"curl -X {method} {shlex.quote(url)} \\\n"
        f'  -H "Authorization: Bearer {KEY}" \\\n'
        "  -H 'Content-Type: application/json' \\\n"
        f"  --data-binary @- <<'JSON'\n{body}\nJSON\n"
    )


def _document(
    request: HttpRequest, page: ServiceAdmin, resource: Resource, row: Any
) -> tuple[dict[str, Any], list[str]]:
    if resource.model is RoutingProfile:
        draft = read_draft(request, row.pk if row is not None else "")
        document = dict(draft.document) if draft is not None else {}
        if document.get("id") == UNNAMED:
            del document["id"]
        return document, list(draft.problems) if draft is not None else []
    held = row if row is not None else resource.model()
    form: Any = page.get_form(request, row, change=row is not None)(request.POST, instance=held)
    form.full_clean()
    problems = [str(message) for errors in form.errors.values() for message in errors]
    return _without_secrets(form.document()), problems


def _without_secrets(document: Mapping[str, Any]) -> dict[str, Any]:
    """A key that was typed is named and not shown; headers keep what is stored."""
    shown = {name: value for name, value in document.items() if name != "extra_headers"}
    if shown.get("api_key"):
        shown["api_key"] = "THE-PROVIDERS-API-KEY"
    return shown


def _row(resource: Resource, identity: str) -> Any:
    try:
        row = resource.model.objects.filter(pk=identity.replace("\x00", "")).first()
    except ValueError:
        row = None
    if row is None:
        raise Http404
    return row
