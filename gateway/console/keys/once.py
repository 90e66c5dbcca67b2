"""A page that shows a key once and is reloaded must not make a second one.

Every form that makes a secret carries a mark of its own; the session remembers the marks that were
used, with what came of them. The secret itself is kept nowhere.
"""

from __future__ import annotations

import secrets
from typing import Final

from django.http import HttpRequest

FIELD: Final = "_once"
_SESSION: Final = "made_once"
_REMEMBERED: Final = 50


def new_mark() -> str:
    return secrets.token_urlsafe(12)


def made_before(request: HttpRequest) -> str:
    """The id of the key that this very form made already; empty for a form that is new."""
    made: dict[str, str] = request.session.get(_SESSION, {})
    return made.get(request.POST.get(FIELD, ""), "")


def remember(request: HttpRequest, identity: str) -> None:
    """Notes what the form made; one without a mark is sent by a program."""
    mark = request.POST.get(FIELD, "")[:40]
    if not mark:
        return
    made: dict[str, str] = request.session.get(_SESSION, {})
    kept = list(made.items())[-_REMEMBERED:]
    request.session[_SESSION] = {**dict(kept), mark: identity}
