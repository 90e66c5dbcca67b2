"""Django's answer to a request that failed: where the database is away, what works without it."""

from __future__ import annotations

import sys
from html import escape

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views.defaults import server_error

from governance.api.errors import AWAY_WORDS, DATABASE_AWAY, envelope


def failed(request: HttpRequest) -> HttpResponseBase:
    """A page or, for programs, the API's envelope. Nothing of it needs the database."""
    away = isinstance(sys.exception(), DATABASE_AWAY)
    if request.path.startswith("/api/") or "text/html" not in request.headers.get("accept", ""):
        words, code = ("The service failed to answer; its log says why.", "internal_error")
        if away:
            words, code = AWAY_WORDS, "database_unavailable"
        status = 503 if away else 500
        answer: HttpResponse = JsonResponse(envelope(status, words, code), status=status)
    elif away:
        answer = HttpResponse(_PAGE, status=503)
    else:
        return server_error(request)
    if away:
        answer["Retry-After"] = "2"
    return answer


_PAGE = (
    "<!doctype html><html lang=en><meta charset=utf-8><meta http-equiv=refresh content=5>"
    "<title>The database does not answer</title><body style='font-family:sans-serif;max-width:40em;"
    "margin:4em auto;line-height:1.5'><h1>The database does not answer</h1>"
    f"<p>{escape(AWAY_WORDS)}</p><p>This page looks again every five seconds.</p>"
)
