"""A code of an authenticator app beside the password (TOTP, RFC 6238), kept by django-allauth.

A code is asked for in the same form as the password, so that a wrong code counts as a wrong guess.
"""

from __future__ import annotations

import base64
from io import BytesIO
from typing import Any, Final
from urllib.parse import quote

import qrcode
import qrcode.image.svg
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret, validate_totp_code
from django import forms
from django.contrib import messages
from django.contrib.auth.signals import user_login_failed
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.request import split_domain_port
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_POST
from unfold.forms import AuthenticationForm
from unfold.widgets import UnfoldAdminTextInputWidget

from gateway.console.sign_in import passkeys
from gateway.console.sign_in.confirmed import confirmed
from gateway.console.theme.page import console_view, page
from governance import secrets

PENDING: Final = "two_factor_secret"
"""In the session: the secret of an app that has not shown a code yet, sealed."""


class SealedByTheRing(DefaultMFAAdapter):  # type: ignore[misc]  # allauth is untyped
    """Secrets of authenticators are kept as credentials of providers are."""

    def encrypt(self, text: str) -> str:
        return secrets.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return secrets.decrypt(encrypted_text)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Passkeys belong to the name these pages are reached by, whatever the port."""
        host, _port = split_domain_port(context.request.get_host())
        return {"id": host, "name": "Pointsman"}


class SignInForm(AuthenticationForm):  # type: ignore[misc]  # unfold is untyped
    """Name, password, and the code where one is set up."""

    code = forms.CharField(
        label=gettext_lazy("Code of your authenticator app, where you have set one up"),
        required=False,
        max_length=20,
        widget=UnfoldAdminTextInputWidget(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}
        ),
    )

    def clean(self) -> dict[str, Any]:
        # Throttled like a guess at a password: one who knows that still guesses at the code.
        cleaned: dict[str, Any] = super().clean()
        user = self.get_user()
        if user is not None and not passes(user, cleaned.get("code", "")):
            named = {"username": cleaned.get("username", "")}
            user_login_failed.send(__name__, credentials=named, request=self.request)
            self.user_cache = None
            raise self.get_invalid_login_error()
        return cleaned


def passes(user: Any, code: str) -> bool:
    """Whether the code opens the second lock, or there is none. A recovery code works once."""
    app = _app(user)
    if app is None:
        return True
    code = "".join(code.split())
    if not code:
        return False
    if TOTP(app).validate_code(code):
        return True
    with transaction.atomic():
        rows = Authenticator.objects.select_for_update()
        recovery = rows.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).first()
        return recovery is not None and bool(RecoveryCodes(recovery).validate_code(code))


@console_view()
def show(request: HttpRequest) -> HttpResponse:
    """Whether it is on; the picture to scan where it is not."""
    if _app(request.user) is not None:
        return _page(request, on=True)
    secret = generate_totp_secret()
    request.session[PENDING] = secrets.encrypt(secret)
    name = quote(request.user.get_username())
    address = f"otpauth://totp/Pointsman:{name}?secret={secret}&issuer=Pointsman"
    answer = _page(request, on=False, secret=secret, picture=_picture(address))
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
@console_view()
def turn_on(request: HttpRequest) -> HttpResponse:
    """Once the app has shown that it has the secret; recovery codes are shown this once."""
    sealed = request.session.get(PENDING, "")
    code = "".join(request.POST.get("code", "").split())
    if not sealed or _app(request.user) is not None:
        return HttpResponseRedirect(reverse("two-factor"))
    if not validate_totp_code(secrets.decrypt(sealed), code):
        messages.error(request, gettext("That is not the code of now: scan the picture again."))
        return HttpResponseRedirect(reverse("two-factor"))
    with transaction.atomic():
        TOTP.activate(request.user, secrets.decrypt(sealed))
        codes = RecoveryCodes.activate(request.user).get_unused_codes()
    del request.session[PENDING]
    answer = _page(request, on=True, codes=codes)
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
@console_view()
def turn_off(request: HttpRequest) -> HttpResponse:
    """With the password: a session left open is not enough."""
    if not confirmed(request):
        messages.error(request, gettext("That is not your password: nothing was changed."))
    else:
        kinds = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)
        for row in Authenticator.objects.filter(user=request.user, type__in=kinds):
            row.delete()
        messages.success(request, gettext("Signing in asks for the password alone now."))
    return HttpResponseRedirect(reverse("two-factor"))


def _page(request: HttpRequest, **said: Any) -> HttpResponse:
    title, template = gettext("Passkeys and two-factor sign-in"), "console/sign_in/two_factor.html"
    return page(request, template, title, **passkeys.shown(request), **said)


def _app(user: Any) -> Authenticator | None:
    found: Authenticator | None = Authenticator.objects.filter(
        user=user, type=Authenticator.Type.TOTP
    ).first()
    return found


def _picture(text: str) -> str:
    """As an address of its own, which the content policy lets pictures have."""
    into = BytesIO()
    qrcode.make(text, image_factory=qrcode.image.svg.SvgPathImage).save(into)
    return f"data:image/svg+xml;base64,{base64.b64encode(into.getvalue()).decode()}"
