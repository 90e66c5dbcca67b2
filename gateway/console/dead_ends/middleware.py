"""A form's address that is opened by hand, reloaded or bookmarked leads to the form's page."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from gateway.console.dead_ends.views import wants_page
from gateway.console.dead_ends.ways import above

View = Callable[[HttpRequest], HttpResponse]


def dead_ends_middleware(get_response: View) -> View:
    def answer(request: HttpRequest) -> HttpResponse:
        found = get_response(request)
        if found.status_code == 405 and request.method in ("GET", "HEAD") and wants_page(request):
            return HttpResponseRedirect(above(request.path))
        return found

    return answer
