"""Who is signed in, from where and since when; any of it can be ended."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth import BACKEND_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST

from gateway.console.theme.page import console_view, page
from gateway.server.client_address import client_address
from governance import audit

NOTE: Final = "signed_in"
"""What a session remembers of its beginning."""
OTHERS: Final = "others"
SWEPT: Final = 200
"""Sessions that are over, of which so many are removed at a time."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """One session."""

    handle: str
    """Stands for its key, which opens it and is shown to nobody."""
    key: str
    user: Any
    address: str
    agent: str
    since: datetime | None
    until: datetime
    own: bool


def remember(sender: Any, request: HttpRequest | None, user: Any, **rest: Any) -> None:
    """Notes where and when a session begins."""
    forget_expired()
    if request is not None and hasattr(request, "session"):
        request.session[NOTE] = {
            "address": client_address(request),
            "agent": request.headers.get("User-Agent", "")[:200],
            "at": timezone.now().isoformat(),
        }


def forget_expired() -> None:
    """Removes what is over; called where sessions begin, so that strangers heap nothing up."""
    over = Session.objects.filter(expire_date__lt=timezone.now())
    Session.objects.filter(pk__in=list(over.values_list("pk", flat=True)[:SWEPT])).delete()


user_logged_in.connect(remember, dispatch_uid="console.sessions")


def sessions(request: HttpRequest) -> Iterator[SignedIn]:
    """One's own, or everybody's for those who may change people; the latest first."""
    everybody = request.user.has_perm("auth.change_user")
    users = {str(one.pk): one for one in get_user_model().objects.filter(is_active=True)}
    for one in _signed_in(users, request.session.session_key):
        if everybody or one.user.pk == request.user.pk:
            yield one


def sessions_of(user: Any) -> Iterator[SignedIn]:
    """Those of one person."""
    return _signed_in({str(user.pk): user}, None)


def _signed_in(users: Mapping[str, Any], own: str | None) -> Iterator[SignedIn]:
    for row in Session.objects.filter(expire_date__gt=timezone.now()).order_by("-expire_date"):
        held = row.get_decoded()
        user = users.get(str(held.get(SESSION_KEY)))
        if user is None or BACKEND_SESSION_KEY not in held:
            continue
        note = held.get(NOTE, {})
        yield SignedIn(
            handle=_handle(row.session_key),
            key=row.session_key,
            user=user,
            address=note.get("address", ""),
            agent=note.get("agent", ""),
            since=parse_datetime(note.get("at", "")),
            until=row.expire_date,
            own=row.session_key == own,
        )


@console_view()
def show(request: HttpRequest) -> HttpResponse:
    found = sorted(sessions(request), key=lambda one: (not one.own, str(one.user)))
    return page(request, "console/sign_in/sessions.html", gettext("Sessions"), sessions=found)


@require_POST
@console_view()
def end(request: HttpRequest) -> HttpResponse:
    """Ends the session that was chosen, or all of one's own but this one."""
    wanted = request.POST.get("session", "")
    ended = [
        one
        for one in sessions(request)
        if one.handle == wanted
        or (wanted == OTHERS and not one.own and one.user.pk == request.user.pk)
    ]
    Session.objects.filter(session_key__in=[one.key for one in ended]).delete()
    audit.record(
        audit.Act(
            "end session",
            "user",
            one.user.get_username(),
            one.user.get_username(),
            str(one.user.pk),
            [f"session from {one.address or 'an unknown address'} ended"],
        )
        for one in ended
    )
    count = len(ended)
    messages.success(
        request,
        ngettext("%(count)d session is ended.", "%(count)d sessions are ended.", count)
        % {"count": count},
    )
    return HttpResponseRedirect(reverse("console:sessions"))


def _handle(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:32]
