"""Tells the audit log where a request's changes come from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse

from gateway.server.client_address import client_address
from governance.audit import Origin, came_from

API: Final = "/api/"
NOBODY: Final = "nobody"
"""Someone who has not signed in, as on the pages where people do."""


def origin_middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    def answer(request: HttpRequest) -> HttpResponse:
        def actor() -> str:
            user = getattr(request, "user", None)
            return user.get_username() if user is not None and user.is_authenticated else NOBODY

        via = "api" if request.path.startswith(API) else "page"
        with came_from(Origin(via, client_address(request), actor)):
            return get_response(request)

    return answer
