"""Inviting someone by e-mail: they choose their password themselves, by a link."""

from __future__ import annotations

import smtplib
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from gateway.console.sign_in import links
from gateway.console.theme.page import console_view
from governance import audit


def invite(request: HttpRequest, user: User) -> None:
    """Sends the link, and tells whoever sent it what became of it."""
    name = user.get_username()
    try:
        links.send(links.INVITATION, user, links.root(request))
    except (OSError, smtplib.SMTPException) as error:
        words = _("The invitation was not sent: the mail server refused it (%(error)s).")
        messages.error(request, words % {"error": type(error).__name__})
        return
    told = [f"a link was sent to {user.email}"]
    act = audit.Act("invite", "user", name, name, str(user.pk), told)
    audit.record([act], actor=request.user.get_username())
    words = _("An invitation is on its way to %(address)s. Its link works once, for three days.")
    messages.success(request, words % {"address": user.email})


@require_POST
@console_view("auth.change_user")
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Another link, for someone who has not chosen a password yet."""
    user = get_object_or_404(User, pk=pk)
    refused = obstacle(user)
    if refused or (user.is_superuser and not request.user.is_superuser):
        messages.error(request, refused or _("Superusers are invited by superusers."))
    else:
        invite(request, user)
    return HttpResponseRedirect(reverse("admin:auth_user_change", args=[pk]))


def obstacle(user: User) -> str:
    """Why this person cannot be invited; "" where they can."""
    if user.has_usable_password():
        return _("They have a password.")
    if not links.invitable(user):
        return _("They sign in by a provider.")
    if not user.is_active:
        return _("They are switched off.")
    return links.unavailable() or ("" if user.email else _("They have no e-mail address."))


def shown(user: Any) -> Any:
    """For the page of a person: the button of a form that stands there, or why there is none."""
    refused = obstacle(user)
    if refused:
        return refused
    return format_html(
        '<button class="cursor-pointer font-medium underline" form="invite-form">{}</button>',
        _("Send another invitation"),
    )
