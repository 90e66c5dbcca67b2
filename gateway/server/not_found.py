"""Django's answer to a path that it does not have: a page, or JSON for programs."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.views.defaults import page_not_found

from gateway.server.v1 import PATHS
from governance.api.errors import envelope
from inference.edge.unknown import unknown_words


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Programs are told which paths there are: theirs may lack `/v1` or have it twice."""
    if "text/html" in request.headers.get("accept", ""):
        return page_not_found(request, exception)
    words = unknown_words(request.path, PATHS)
    return JsonResponse(envelope(404, words, "unknown_path"), status=404)
