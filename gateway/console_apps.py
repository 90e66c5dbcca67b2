"""Apps of the console that load none of its pages when Django is set up.

Pages come with the URLs, and those with the first request for one, a command that needs them or
Django's checks: consumers of the chat API wait for nothing that only operators need.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from allauth.socialaccount.apps import SocialAccountConfig
from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core import checks
from django.urls import get_resolver


def load_urls() -> None:
    """Every page and path of the console and of REST; once, however often it is called."""
    get_resolver().url_patterns  # noqa: B018  # a cached property


class Admin(SimpleAdminConfig):
    def ready(self) -> None:
        checks.register(check_admin, checks.Tags.admin)


class SocialAccounts(SocialAccountConfig):  # type: ignore[misc]  # allauth is untyped
    """`gateway.urls` loads the providers, with a client of HTTP that nothing else needs."""

    def ready(self) -> None:
        from allauth.socialaccount import checks  # noqa: F401


def check_admin(
    app_configs: Sequence[AppConfig] | None = None, **options: Any
) -> list[checks.CheckMessage]:
    """What Django checks of an admin, once its pages are there."""
    load_urls()
    return [*check_dependencies(app_configs=app_configs), *check_admin_app(app_configs)]
