"""The playground's page and what its script asks for."""

from __future__ import annotations

import time

import msgspec
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from gateway.console.playground.choices import (
    CONVERSATIONS,
    LABELS,
    acting_as,
    choices,
)
from gateway.console.playground.exchange import Sending, carry
from gateway.console.playground.kept import SEE, row_of
from gateway.console.playground.snippets import snippets
from gateway.console.theme.page import console_view, page
from governance import snapshot

USE = "gateway.use_playground"


class PlaygroundOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the page posts. The request itself is passed on as it stands."""

    endpoint: str
    body: msgspec.Raw
    key: str = ""


@require_GET
@console_view(USE)
def show(request: HttpRequest) -> HttpResponse:
    """The page. `model` and `profile` of the query are chosen already; a request of the log that
    `interaction` names is filled in by the script."""
    table = snapshot.current()
    virtual_key = acting_as(request.user.get_username(), "", table, time.time())
    assert virtual_key is not None
    named = request.GET.get("interaction", "")
    row = row_of(named) if named and request.user.has_perm(SEE) else None
    return page(
        request,
        "console/playground/page.html",
        gettext("Playground"),
        endpoints=[(kind, LABELS[kind], one.path) for kind, one in CONVERSATIONS.items()],
        choices=choices(table, virtual_key).document(),
        model=request.GET.get("model", ""),
        profile=request.GET.get("profile", ""),
        kept=row,
        unknown=bool(named) and row is None,
        body_limit=settings.MAX_BODY_BYTES,
    )


@require_GET
@console_view(USE)
def models(request: HttpRequest) -> HttpResponse:
    """What the API key of the query, or the operator, can ask for."""
    table = snapshot.current()
    virtual_key = acting_as(
        request.user.get_username(), request.GET.get("key", ""), table, time.time()
    )
    if virtual_key is None:
        return _problem(400, gettext("This API key cannot be used any more."))
    return JsonResponse(choices(table, virtual_key).document())


@require_POST
@console_view(USE)
def code(request: HttpRequest) -> HttpResponse:
    """The request as a command line and as a program."""
    order = _read(request.body)
    if isinstance(order, str):
        return _problem(400, order)
    base_url = request.build_absolute_uri("/").rstrip("/")
    body = msgspec.json.decode(order.body)
    return JsonResponse(snippets(CONVERSATIONS[order.endpoint].path, body, base_url))


async def send(request: HttpRequest) -> HttpResponseBase:
    """Carries a request and streams what happens to it. It ends when the browser leaves."""
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    user = await request.auser()
    if not await _may_use(user):
        return _problem(403, gettext("You may not use the playground, or you are logged out."))
    order = _read(request.body)
    if isinstance(order, str):
        return _problem(400, order)
    virtual_key = acting_as(user.get_username(), order.key, snapshot.current(), time.time())
    if virtual_key is None:
        return _problem(400, gettext("This API key cannot be used any more."))
    sending = Sending(CONVERSATIONS[order.endpoint], bytes(order.body), virtual_key)
    return StreamingHttpResponse(
        carry(sending),
        content_type="application/x-ndjson",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _may_use(user: User | AnonymousUser) -> bool:
    return user.is_active and user.is_staff and await user.ahas_perm(USE)


def _read(body: bytes) -> PlaygroundOrder | str:
    """The order, or what is wrong with it."""
    try:
        order = msgspec.json.decode(body, type=PlaygroundOrder)
    except msgspec.MsgspecError as error:
        return f"The request cannot be read: {error}."
    if order.endpoint not in CONVERSATIONS:
        return f"There is no endpoint {order.endpoint!r} here."
    return order


def _problem(status: int, message: str) -> JsonResponse:
    return JsonResponse({"error": message}, status=status)
