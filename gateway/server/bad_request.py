"""Django's answer to a request it does not take, which names the setting behind it."""

from __future__ import annotations

from html import escape

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views.defaults import bad_request as django_bad_request

from governance.api.errors import TYPES


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """A page or, for programs, the API's envelope. Anything but the host is Django's to tell."""
    if not isinstance(exception, DisallowedHost):
        return django_bad_request(request, exception)
    name = str(request.META.get("HTTP_HOST", ""))[:255]
    message = (
        f"This service does not answer to the name {name!r}. To reach it by that name, add it "
        "without the port to POINTSMAN_ALLOWED_HOSTS (names separated by commas) and restart."
    )
    wants_page = "text/html" in request.headers.get("accept", "")
    if request.path.startswith("/api/") or not wants_page:
        error = {"message": message, "type": TYPES[400], "code": "host_not_allowed", "fields": {}}
        return JsonResponse({"error": error}, status=400)
    return HttpResponse(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Host not allowed</title>"
        f"<h1>Host not allowed</h1><p>{escape(message)}</p>",
        status=400,
    )
