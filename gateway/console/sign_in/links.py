"""Links that someone chooses a password by: sent by e-mail, good once and for some time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.models import User
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.contrib.auth.views import PasswordResetConfirmView
from django.core.mail import EmailMessage
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse, reverse_lazy
from django.utils.encoding import force_bytes
from django.utils.http import base36_to_int, urlsafe_base64_encode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import BASE_INPUT_CLASSES

from governance import audit

HOUR: Final = 3_600


class Tokens(PasswordResetTokenGenerator):
    """Django's, good for `seconds`; those of one purpose open nothing of another."""

    def __init__(self, purpose: str, seconds: int) -> None:
        super().__init__()
        self.key_salt, self._seconds = f"pointsman.{purpose}", seconds

    def check_token(self, user: Any, token: str | None) -> bool:
        if token is None or not super().check_token(user, token):
            return False
        made = base36_to_int(token.partition("-")[0])
        return self._num_seconds(self._now()) - made <= self._seconds


@dataclass(frozen=True, slots=True)
class Link:
    """A purpose of links."""

    path: str
    """Name of its address."""
    tokens: Tokens
    hours: int
    subject: Any
    template: str
    act: str
    """What the audit log calls using one."""
    opens: Callable[[User], bool]
    """Whether it is for this person still."""


def _has_password(user: User) -> bool:
    return user.has_usable_password()


def invitable(user: User) -> bool:
    """Whether someone may be sent an invitation: no password yet, and no provider's account."""
    accounts: Any = user.socialaccount_set  # type: ignore[attr-defined]  # allauth's relation
    return not user.has_usable_password() and not accounts.exists()


FORGOTTEN: Final = Link(
    path="reset-password",
    tokens=Tokens("forgotten", HOUR),
    hours=1,
    subject=gettext_lazy("Choose a new password for Pointsman"),
    template="console/sign_in/forgotten.txt",
    act="reset password",
    opens=_has_password,
)
INVITATION: Final = Link(
    path="invitation",
    tokens=Tokens("invitation", 72 * HOUR),
    hours=72,
    subject=gettext_lazy("Your account for Pointsman"),
    template="console/sign_in/invitation.txt",
    act="accept invitation",
    opens=invitable,
)


def unavailable() -> str:
    """Why no link can be sent, with what to set; "" where it can."""
    if not settings.EMAIL_CONFIGURED:
        return _("E-mail is not configured: set POINTSMAN_EMAIL_HOST.")
    anybody = any(host == "*" or host.startswith(".") for host in settings.ALLOWED_HOSTS)
    if anybody and not settings.PUBLIC_URL:
        # The link would lead to whatever host a stranger asks by.
        return _("Links need an address to lead to: set POINTSMAN_PUBLIC_URL.")
    return ""


def root(request: HttpRequest) -> str:
    """Where links lead: what is set, or the host that this page was asked for by."""
    return str(settings.PUBLIC_URL) or f"{request.scheme}://{request.get_host()}"


def send(link: Link, user: User, root: str) -> None:
    """Raises `OSError` or `SMTPException` when the mail server does not take it."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    path = reverse(link.path, kwargs={"uidb64": uid, "token": link.tokens.make_token(user)})
    told = {"user": user, "address": f"{root}{path}", "hours": link.hours}
    text = render_to_string(link.template, told)
    EmailMessage(str(link.subject), text, settings.DEFAULT_FROM_EMAIL, [user.email]).send()


class PasswordForm(SetPasswordForm):  # type: ignore[type-arg]  # generic in the stubs alone
    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        for field in self.fields.values():
            field.widget.attrs["class"] = " ".join(BASE_INPUT_CLASSES)


class ChoosePassword(PasswordResetConfirmView):
    """Where a link leads: the page that takes the new password."""

    link: Link = FORGOTTEN
    form_class = PasswordForm
    template_name = "console/sign_in/choose_password.html"
    title = gettext_lazy("Choose a password")
    success_url = reverse_lazy("admin:login")

    def dispatch(self, *args: Any, **named: Any) -> Any:
        self.token_generator = self.link.tokens
        return super().dispatch(*args, **named)

    def get_user(self, uidb64: str) -> User | None:
        user = super().get_user(uidb64)
        known = isinstance(user, User) and user.is_active and self.link.opens(user)
        return user if known else None

    def form_valid(self, form: Any) -> HttpResponse:
        answer = super().form_valid(form)
        name = form.user.get_username()
        audit.record([audit.Act(self.link.act, "user", name, name, str(form.user.pk))], actor=name)
        messages.success(self.request, _("Your password is set: sign in with it."))
        return answer
