"""My keys: those a user owns, what they used this month, and making, rotating, deleting them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from gateway.console.theme.page import console_view, page
from governance import services
from governance.errors import Refused
from governance.interactions.usage_report import UsageQuestion, usage_report
from governance.models import RoutingProfile
from governance.services import Saved
from governance.whole_number import whole_number

MOST_DAYS: Final = 36_500
"""What is more is no date any more; the rules say what is too many."""


@require_GET
@console_view()
def show(request: HttpRequest) -> HttpResponse:
    return _page(request)


@require_POST
@console_view()
def create(request: HttpRequest) -> HttpResponse:
    """The answer is the only page that shows the key."""
    document: dict[str, Any] = {"name": request.POST.get("name", "")}
    if group := request.POST.get("group"):
        document["group"] = group
    if days := request.POST.get("days"):
        latest = datetime.now(UTC) + timedelta(days=min(whole_number(days) or 0, MOST_DAYS))
        document["expires_at"] = latest.replace(microsecond=0).isoformat()
    return _made(request, lambda: services.create_own_key(document, user=request.user))


@require_POST
@console_view()
def rotate(request: HttpRequest, key_id: str) -> HttpResponse:
    return _made(request, lambda: services.rotate_own_key(key_id, user=request.user))


@require_POST
@console_view()
def delete(request: HttpRequest, key_id: str) -> HttpResponse:
    try:
        services.delete_own_key(key_id, user=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("The key is deleted."))
    return HttpResponseRedirect(reverse("console:own-keys"))


def _made(request: HttpRequest, make: Callable[[], tuple[Saved, str]]) -> HttpResponse:
    try:
        saved, secret = make()
    except Refused as refused:
        return _page(request, refused=refused, status=400)
    answer = _page(request, made=saved.document, secret=secret)
    answer["Cache-Control"] = "no-store"
    return answer


def _page(request: HttpRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    name = request.user.get_username()
    keys = services.own_keys(name)
    now = datetime.now(UTC)
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    question = UsageQuestion(first, now + timedelta(days=1), ("key",), only={"owner": name})
    used = {row["key"]: row for row in usage_report(question)}
    profiles = dict(RoutingProfile.objects.values_list("pk", "name"))
    answer = page(
        request,
        "console/own_keys/page.html",
        _("My keys"),
        keys=[
            (row, used.get(row.pk), [profiles.get(one, one) for one in row.confined_to])
            for row in keys
        ],
        allowances=services.allowances_of(name),
        typed=request.POST.get("name", "") if "refused" in more else "",
        **more,
    )
    answer.status_code = status
    return answer
