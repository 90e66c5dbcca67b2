"""Asking for a link to choose a new password by. Nobody learns from it who has an account."""

from __future__ import annotations

import smtplib
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import timedelta
from threading import BoundedSemaphore
from typing import Final

import structlog
from allauth.core import ratelimit
from django.conf import settings
from django.contrib.auth.models import User
from django.db import close_old_connections
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from gateway.console.sign_in import links
from governance import audit
from governance.models import AuditEntry

log = structlog.get_logger("pointsman.sign_in")

ASKED: Final = "forgotten password"
MOST: Final = 3
"""Links that are sent for one account within an hour, whoever asks."""
LONGEST: Final = 254
WAITING: Final = BoundedSemaphore(50)
"""What is not sent yet; of more nothing is sent."""
_POST: Final = ThreadPoolExecutor(1, "password-links")
"""Sends, beside the answers: those take as long whether there is such an account or not."""


@never_cache
def ask(request: HttpRequest) -> HttpResponse:
    refused = links.unavailable()
    name = request.POST.get("name", "").replace("\0", "").strip()[:LONGEST]
    asked = request.method == "POST" and bool(name) and not refused
    if asked:
        if not ratelimit.consume(request, action="forgotten_password", key=name.casefold()):
            return _page(request, 429, slow=True)
        if WAITING.acquire(blocking=False):
            _POST.submit(copy_context().run, _send, name, links.root(request))
    return _page(request, asked=asked, refused=refused)


def _page(request: HttpRequest, status: int = 200, **said: object) -> HttpResponse:
    answer = TemplateResponse(request, "console/sign_in/forgotten.html", said, status=status)
    if status == 429:
        answer["Retry-After"] = "3600"
    return answer


def _send(name: str, root: str) -> None:
    try:
        send_to(name, root)
    except Exception as error:
        log.error("password_link_not_sent", error=type(error).__name__)
    finally:
        WAITING.release()
        close_old_connections()


def send_to(name: str, root: str) -> None:
    """A link to each account of that name or address which has a password here."""
    found = User.objects.filter(Q(username=name) | Q(email__iexact=name), is_active=True)
    for user in found.exclude(email=""):
        if not user.has_usable_password() or _recently(user) >= MOST:
            continue
        try:
            links.send(links.FORGOTTEN, user, root)
            outcome = f"a link was sent to {user.email}"
        except (OSError, smtplib.SMTPException) as error:
            outcome = f"the mail server refused it: {type(error).__name__}"
            log.error("password_link_refused", error=type(error).__name__)
        name = user.get_username()
        audit.record([audit.Act(ASKED, "user", name, name, str(user.pk), [outcome])])


def _recently(user: User) -> int:
    """How often a link was asked for, for this account, on any node."""
    entries = AuditEntry.objects.filter(object_type="user", object_key=str(user.pk), action=ASKED)
    return entries.filter(at__gt=timezone.now() - timedelta(hours=1)).count()


def context(request: HttpRequest) -> dict[str, bool]:
    """For the sign-in page: whether a new password can be asked for."""
    return {"forgotten_offered": settings.EMAIL_CONFIGURED and not links.unavailable()}
