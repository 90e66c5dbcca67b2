"""What someone typed survives the end of their session: it waits, sealed, in their own browser.

A form that is sent after the session ended leads to the sign-in page. What it held travels there
and back in cookies that only this service can read, so that nothing of strangers is kept here.
Whoever signs in is asked whether to go on with it.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import resolve_url
from django.template.response import TemplateResponse
from django.utils.translation import gettext

from governance.secrets import Unreadable, decrypt, encrypt

ROOT: Final = "/admin/"
COOKIE: Final = "typed_work"
PIECE: Final = 3_500
"""Characters of one cookie; browsers keep about 4,096 bytes."""
PIECES: Final = 4
LONGEST: Final = 128 * 1024
"""Characters of a form that are looked at; what is longer than the cookies hold is not kept."""
AGE: Final = 3_600
ANSWER: Final = "_typed_work"
"""The button of the page that asks: `continue` or `drop`."""
TOKEN: Final = "csrfmiddlewaretoken"  # noqa: S105  # a field's name

View = Callable[[HttpRequest], HttpResponse]


def typed_work_middleware(get_response: View) -> View:
    def answer(request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(ROOT):
            return get_response(request)
        if request.user.is_authenticated:
            return _signed_in(request, get_response)
        found = get_response(request)
        if request.method == "POST" and _leads_to_sign_in(found):
            _keep(request, found)
        return found

    return answer


def _leads_to_sign_in(answer: HttpResponse) -> bool:
    location = answer.headers.get("Location", "")
    return answer.status_code == 302 and location.startswith(resolve_url(settings.LOGIN_URL))


def _signed_in(request: HttpRequest, get_response: View) -> HttpResponse:
    kept = _kept(request)
    if kept is None or request.method not in ("GET", "POST"):
        return get_response(request)
    if request.method == "GET":
        return _question(request)
    choice = request.POST.get(ANSWER)
    if choice == "drop":
        return _forgotten(HttpResponseRedirect(request.path), request)
    if choice == "continue":
        typed = kept.copy()
        typed[TOKEN] = request.POST.get(TOKEN, "")
        request.POST = typed  # type: ignore[assignment]  # what was typed before
        return _forgotten(get_response(request), request)
    return get_response(request)


def _question(request: HttpRequest) -> HttpResponse:
    context = {**admin.site.each_context(request), "title": gettext("What you typed is still here")}
    page = TemplateResponse(request, "console/typed_work/question.html", context)
    page["Cache-Control"] = "no-store"
    return page.render()


def _keep(request: HttpRequest, answer: HttpResponse) -> None:
    typed = request.POST.copy()
    typed.pop(TOKEN, None)
    body = typed.urlencode()
    if not body or len(body) > LONGEST:
        return
    packed = zlib.compress(json.dumps([request.path, body]).encode(), 9)
    sealed = encrypt(base64.b85encode(packed).decode())
    if len(sealed) > PIECE * PIECES:
        return
    for number in range(PIECES):
        piece = sealed[number * PIECE : (number + 1) * PIECE]
        if piece:
            answer.set_cookie(
                f"{COOKIE}_{number}",
                piece,
                max_age=AGE,
                path=ROOT,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Strict",
            )


def _kept(request: HttpRequest) -> QueryDict | None:
    """What was typed into the page at this address."""
    sealed = "".join(request.COOKIES.get(f"{COOKIE}_{number}", "") for number in range(PIECES))
    if not sealed:
        return None
    try:
        path, body = json.loads(zlib.decompress(base64.b85decode(decrypt(sealed))))
    except (Unreadable, ValueError, zlib.error):
        return None
    return QueryDict(body) if path == request.path else None


def _forgotten(answer: HttpResponse, request: HttpRequest) -> HttpResponse:
    for number in range(PIECES):
        if f"{COOKIE}_{number}" in request.COOKIES:
            answer.delete_cookie(f"{COOKIE}_{number}", path=ROOT, samesite="Strict")
    return answer
