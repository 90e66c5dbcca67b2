"""A password that a banner showed is changed before it opens a service others can reach."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy

from governance.api.errors import envelope
from governance.defaults import has_generated_password

PLACES: Final = ("/admin/", "/api/governance")
WORDS: Final = gettext_lazy(
    "This service can be reached from elsewhere, and your password is the one it was "
    "made with: choose another first."
)


def generated_password_middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    def answer(request: HttpRequest) -> HttpResponse:
        if not settings.EXPOSED or not request.path.startswith(PLACES):
            return get_response(request)
        user = request.user
        if not user.is_authenticated or not has_generated_password(user):
            return get_response(request)
        change = reverse("admin:password_change")
        words = (reverse("admin:jsi18n"), reverse("console:jsi18n"))
        if request.path in (change, reverse("admin:logout"), *words):
            return get_response(request)
        if not request.path.startswith("/admin/"):
            return JsonResponse(envelope(403, str(WORDS), "generated_password"), status=403)
        messages.warning(request, WORDS)
        return HttpResponseRedirect(change)

    return answer
