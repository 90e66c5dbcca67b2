"""What Django's handlers answer on the console's paths; elsewhere the server's own stand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.csrf import csrf_failure as django_csrf_failure
from django.views.defaults import permission_denied

from gateway.console.dead_ends.ways import above
from gateway.server import failed as server_failed
from gateway.server import not_found as server_not_found

ROOT: Final = "/admin/"
FRAME: Final = "admin/base_site.html"
BARE: Final = "unfold/layouts/unauthenticated.html"
"""Around a page for someone who is not signed in."""


def wants_page(request: HttpRequest) -> bool:
    """Whether a person looks at a page of the console; scripts and programs are told plainly."""
    is_script = request.headers.get("X-Requested-With") or request.headers.get("HX-Request")
    html = "text/html" in request.headers.get("accept", "")
    return request.path.startswith(ROOT) and html and not is_script


def problem(
    request: HttpRequest, status: int, title: str, *words: str, ways: Iterable[tuple[str, str]] = ()
) -> HttpResponse:
    """A page in the console's frame that says what is wrong and where to go on."""
    user = getattr(request, "user", None)
    staff = user is not None and user.is_active and user.is_staff
    context = {
        **admin.site.each_context(request),
        "base": FRAME if staff else BARE,
        "title": title,
        "words": words,
        "ways": [*ways, (_("To the dashboard"), reverse("admin:index"))],
    }
    page = TemplateResponse(request, "console/dead_ends/problem.html", context, status=status)
    page["Cache-Control"] = "no-store"
    return page.render()


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if not wants_page(request):
        return permission_denied(request, exception)
    words = _("You are signed in as %(name)s, who may not open this page or do this here.") % {
        "name": request.user.get_username() or _("nobody")
    }
    return problem(
        request,
        403,
        _("Not allowed"),
        words,
        _("Ask an administrator for the role that may: Viewer, Operator or Administrator."),
        ways=[(_("Back to the page above"), above(request.path))],
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if not wants_page(request):
        return server_not_found.not_found(request, exception)
    return problem(
        request,
        404,
        _("There is no such page"),
        _("Nothing lies at %(path)s. It may have been deleted, or the address is mistyped.")
        % {"path": request.path[:200]},
        ways=[(_("To the page above it"), above(request.path))],
    )


def failed(request: HttpRequest) -> HttpResponseBase:
    """Where the database is away nothing can be drawn that needs it: the server answers."""
    answer = server_failed.failed(request)
    if answer.status_code != 500 or not wants_page(request):
        return answer
    try:
        return problem(
            request,
            500,
            _("This page failed"),
            _("The service goes on, and nothing was changed by this. Its log says what failed."),
            ways=[(_("Try again"), request.get_full_path())],
        )
    except Exception:
        return answer


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """Mostly a page that was open while somebody signed out and in again."""
    if not wants_page(request) or settings.DEBUG:
        return django_csrf_failure(request, reason)
    return problem(
        request,
        403,
        _("This page has expired"),
        _("You signed in anew since it was opened, or your browser keeps no cookies of this site."),
        _("Nothing was saved. Open the page again and send it once more."),
        ways=[(_("Open the page again"), request.get_full_path())],
    )
