"""What lets a person in beside the password: passkeys and an authenticator app.

An administrator takes away what was lost with a telephone. One's own need the password, and stand
on a page of their own.
"""

from __future__ import annotations

from typing import Any, Final

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from gateway.console.theme.page import console_view

SHOWN: Final = (Authenticator.Type.WEBAUTHN, Authenticator.Type.TOTP)
"""Recovery codes go with the app."""


def shown(request: HttpRequest, user: User) -> dict[str, Any]:
    """For the page of a person: each way with its name, and why none can be removed here."""
    rows = Authenticator.objects.filter(user=user, type__in=SHOWN).order_by("type", "created_at")
    return {
        "person": user,
        "ways_in": [(row, _name(row)) for row in rows],
        "ways_in_stay": obstacle(request, user),
    }


def obstacle(request: HttpRequest, user: User) -> str:
    """Why this viewer may not remove them; "" where they may."""
    if user.pk == request.user.pk:
        return _(
            "They are yours: remove them on the page of your own, which asks for the password."
        )
    if user.is_superuser and not request.user.is_superuser:
        return _("Only superusers take something from superusers.")
    if not request.user.has_perm("auth.change_user"):
        return _("You may see people and not change them.")
    return ""


@require_POST
@console_view("auth.change_user")
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    back = HttpResponseRedirect(reverse("admin:auth_user_change", args=[pk]))
    if refused := obstacle(request, user):
        messages.error(request, refused)
        return back
    chosen = request.POST.get("way_in", "")
    for row, name in shown(request, user)["ways_in"]:
        if str(row.pk) == chosen:
            _remove(row)
            told = {"name": name, "user": user.get_username()}
            messages.success(request, _("%(name)s lets %(user)s in no more.") % told)
            return back
    messages.warning(request, _("It was removed already."))
    return back


def _name(row: Authenticator) -> str:
    if row.type == Authenticator.Type.TOTP:
        return _("Authenticator app")
    return str(row)


def _remove(row: Authenticator) -> None:
    """One by one, since the audit log hears of each."""
    with transaction.atomic():
        if row.type == Authenticator.Type.TOTP:
            codes = Authenticator.Type.RECOVERY_CODES
            for one in Authenticator.objects.filter(user=row.user, type=codes):
                one.delete()
        row.delete()
