"""Signing in by a passkey (WebAuthn): kept by django-allauth, checked by python-fido2.

A passkey stands for the password and the code together, since the device itself asks for a finger,
a face or its PIN. Accounts without a password of this installation have none: what their provider
says of them has to hold at every sign-in.
"""

from __future__ import annotations

import json
from ipaddress import ip_address
from typing import Any, Final

import structlog
from allauth.core import ratelimit
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth
from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.request import split_domain_port
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from gateway.console.sign_in.confirmed import confirmed
from gateway.console.sign_in.sessions import forget_expired
from gateway.console.theme.page import console_view

log = structlog.get_logger("pointsman.sign_in")

ADDING: Final = "passkey_being_added"
COMING_IN: Final = "passkey_signing_in"
"""In the session: what the browser was asked. Two, since only one of them needs a password."""
MOST: Final = 20
LARGEST: Final = 16 * 1024
"""Characters of what a device answers; a few hundred are usual."""
LONGEST_NAME: Final = 60
ANSWER_WITHIN: Final = 600
"""Seconds that a stranger's session lasts, who was asked for a passkey."""
KEPT: Final = ("id", "rawId", "type", "response", "clientExtensionResults")


def shown(request: HttpRequest) -> dict[str, Any]:
    """What the page of one's own ways in says of passkeys."""
    rows = Authenticator.objects.filter(user=request.user, type=Authenticator.Type.WEBAUTHN)
    host, port = split_domain_port(request.get_host())
    return {
        "passkeys": rows.order_by("created_at"),
        "passkeys_offered": _has_password(request.user),
        "named_host": not _is_address(host),
        "named_address": f"http://localhost:{port or 80}{request.path}" if _loopback(host) else "",
    }


@require_POST
@sensitive_post_parameters("password")
@console_view()
def add_options(request: HttpRequest) -> HttpResponse:
    """What the browser is to make, for whoever knows the password."""
    if not _has_password(request.user):
        return _refused(_("You sign in by your provider: passkeys are set up there."))
    if not confirmed(request):
        return _refused(_("That is not your password: nothing was changed."))
    if shown(request)["passkeys"].count() >= MOST:
        return _refused(_("These are as many passkeys as one person may have: remove one first."))
    options = auth.begin_registration(request.user, passwordless=True)
    request.session[ADDING] = request.session.pop(auth.STATE_SESSION_KEY)
    return JsonResponse(options)


@require_POST
@console_view()
def add(request: HttpRequest) -> HttpResponse:
    """Keeps what the browser made, if it is what it was asked for."""
    back = HttpResponseRedirect(reverse("two-factor"))
    credential, state = _credential(request), request.session.pop(ADDING, None)
    try:
        if state is None:
            raise ValueError("nothing was asked for")
        request.session[auth.STATE_SESSION_KEY] = state
        made = auth.complete_registration(credential)
        if not made.is_user_verified():
            raise ValueError("nobody was verified")
    except Exception as error:
        # Whatever a browser sends: what fails in reading it is none of ours.
        log.info("passkey_not_added", error=type(error).__name__)
        messages.error(request, _("That passkey could not be added: try it again."))
        return back
    finally:
        request.session.pop(auth.STATE_SESSION_KEY, None)
    name = " ".join(request.POST.get("name", "").replace("\0", "").split())[:LONGEST_NAME]
    auth.WebAuthn.add(request.user, name or _("Passkey"), credential)
    messages.success(request, _("The passkey is added: it signs you in by itself from now on."))
    return back


@require_POST
@sensitive_post_parameters("password")
@console_view()
def remove(request: HttpRequest) -> HttpResponse:
    back = HttpResponseRedirect(reverse("two-factor"))
    if not confirmed(request):
        messages.error(request, _("That is not your password: nothing was changed."))
        return back
    chosen = request.POST.get("passkey", "")
    for row in shown(request)["passkeys"]:
        if str(row.pk) == chosen:
            row.delete()
            messages.success(request, _("The passkey is removed: it opens nothing any more."))
    return back


@require_POST
@never_cache
def sign_in_options(request: HttpRequest) -> HttpResponse:
    """What the browser is to sign; the same for everybody, so that nobody learns who has one."""
    if not ratelimit.consume(request, action="passkey"):
        answer = _refused(_("Too many tries from where you are: wait a minute."), 429)
        answer["Retry-After"] = "60"
        return answer
    forget_expired()
    options = auth.begin_authentication()
    request.session[COMING_IN] = request.session.pop(auth.STATE_SESSION_KEY)
    if not request.user.is_authenticated:
        request.session.set_expiry(ANSWER_WITHIN)
    return JsonResponse(options)


@require_POST
@never_cache
def sign_in(request: HttpRequest) -> HttpResponse:
    """Lets in who shows a passkey that is known here, and may use these pages."""
    user = _shown_by(request)
    if user is None:
        messages.error(request, _("That passkey does not open these pages."))
        return HttpResponseRedirect(reverse("admin:login"))
    request.session.set_expiry(None)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    wanted = request.POST.get("next", "")
    hosts = {request.get_host()}
    safe = url_has_allowed_host_and_scheme(wanted, hosts, require_https=request.is_secure())
    return HttpResponseRedirect(wanted if safe else reverse("admin:index"))


def _shown_by(request: HttpRequest) -> Any:
    """Whose passkey it is; None where it opens nothing. What was asked is asked once."""
    state = request.session.pop(COMING_IN, None)
    credential = _credential(request)
    if state is None or credential is None:
        return None
    request.session[auth.STATE_SESSION_KEY] = state
    try:
        user = auth.extract_user_from_response(credential)
        passkey = auth.complete_authentication(user, credential)
    except Exception as error:
        # Whatever a browser sends: what fails in reading it is none of ours.
        log.info("passkey_refused", error=type(error).__name__)
        return None
    finally:
        request.session.pop(auth.STATE_SESSION_KEY, None)
    if not (user.is_active and user.is_staff and user.has_usable_password()):
        return None
    passkey.record_usage()
    return user


def _credential(request: HttpRequest) -> dict[str, Any] | None:
    """What the device answered, of that what is read; None where it is something else."""
    text = request.POST.get("credential", "")
    if len(text) > LARGEST or "\\u0000" in text:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return (
        {name: found[name] for name in KEPT if name in found} if isinstance(found, dict) else None
    )


def _refused(words: str, status: int = 403) -> HttpResponse:
    return JsonResponse({"error": words}, status=status)


def _has_password(user: Any) -> bool:
    return bool(user.has_usable_password())


def _is_address(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _loopback(host: str) -> bool:
    return _is_address(host) and ip_address(host.strip("[]")).is_loopback
