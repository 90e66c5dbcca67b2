"""Signing in by an OpenID Connect provider, by django-allauth: its groups give the roles here.

The provider's word holds at every sign-in: roles that are no longer among its groups are taken
away. Accounts with a password of this installation are never touched, so that one of them opens
the door when the provider is away.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Never

import requests
import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.providers.openid_connect import views
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from gateway.server.client_address import client_address

log = structlog.get_logger("pointsman.sign_in")


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is untyped
    """Nobody makes an account of their own here."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """By whom the library's own throttles count; never an address that the caller chose."""
        return client_address(request) or "unknown"

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return reverse("admin:index")


class Roles(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth is untyped
    """What becomes of someone whom the provider vouches for."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return True

    def is_auto_signup_allowed(self, request: HttpRequest, sociallogin: Any) -> bool:
        return True

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Roles first: whoever has none here does not get in, be they known or new."""
        if sociallogin.state.get("process") == "connect":
            # A local account that was connected would follow the provider's word from then on.
            raise ImmediateHttpResponse(refused(request))
        granted = roles(sociallogin.account.extra_data)
        if sociallogin.is_existing:
            give(sociallogin.user, granted)
        if not granted:
            raise ImmediateHttpResponse(refused(request))
        request.session.set_expiry(settings.OIDC_SESSION_SECONDS)

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> User:
        user: User = super().save_user(request, sociallogin, form)
        user.set_unusable_password()
        user.save()
        give(user, roles(sociallogin.account.extra_data))
        return user

    def on_authentication_error(self, request: HttpRequest, *rest: Any, **named: Any) -> Never:
        raise ImmediateHttpResponse(refused(request))


def begin(request: HttpRequest, provider_id: str) -> HttpResponse:
    """To the provider."""
    return _spoken(views.login, request, provider_id)


def end(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Back from the provider, with a code that it gives the person's groups for."""
    return _spoken(views.callback, request, provider_id)


def _spoken(view: Any, request: HttpRequest, provider_id: str) -> HttpResponse:
    try:
        answer: HttpResponse = view(request, provider_id)
    except requests.RequestException as error:
        log.warning("oidc_provider_unreachable", error=type(error).__name__)
        return refused(request, away=True)
    return answer


def roles(claims: Mapping[str, Any]) -> set[str]:
    """The roles that stand for the provider's groups; what it says of others counts nowhere."""
    found: set[str] = set()
    for source in (claims.get("userinfo"), claims.get("id_token"), claims):
        named = source.get(settings.OIDC_GROUPS_CLAIM) if isinstance(source, Mapping) else None
        groups = [named] if isinstance(named, str) else named if isinstance(named, list) else []
        found |= {
            settings.OIDC_ROLES[group]
            for group in groups
            if isinstance(group, str) and group in settings.OIDC_ROLES
        }
    return found


@transaction.atomic
def give(user: User, granted: set[str]) -> None:
    """These roles and no others, nor any right that was given beside them."""
    if user.has_usable_password():
        return
    groups = list(Group.objects.filter(name__in=granted))
    if {*user.groups.all()} != {*groups}:
        user.groups.set(groups)
    if user.user_permissions.exists():
        user.user_permissions.clear()
    if user.is_staff != bool(groups) or user.is_superuser:
        user.is_staff, user.is_superuser = bool(groups), False
        user.save(update_fields=("is_staff", "is_superuser"))


def refused(request: HttpRequest, *, away: bool = False) -> HttpResponse:
    """The provider did not vouch for them, or vouched for nothing that opens these pages, or is
    `away`."""
    answer = TemplateResponse(
        request, "console/sign_in/refused.html", {"away": away}, status=503 if away else 403
    )
    answer["Cache-Control"] = "no-store"
    return answer.render()


def context(request: HttpRequest) -> dict[str, Any]:
    """For the sign-in page: what to call the provider, if there is one."""
    return {"oidc_name": settings.OIDC_NAME if settings.OIDC_ISSUER else ""}
