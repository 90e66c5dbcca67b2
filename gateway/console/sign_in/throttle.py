"""Guessing passwords is slowed down: django-axes counts failures by account and by address."""

from __future__ import annotations

from typing import Any

from axes.backends import AxesStandaloneBackend
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse


class Throttle(AxesStandaloneBackend):  # type: ignore[misc]  # axes is untyped
    """Stands before the backends that look at passwords. Without a request there is nobody to
    slow down, as in commands."""

    def authenticate(self, request: HttpRequest | None, *given: Any, **named: Any) -> Any:
        return None if request is None else super().authenticate(request, *given, **named)


def locked_out(request: HttpRequest, *rest: Any, **named: Any) -> HttpResponse:
    """Told alike whether the account exists, and whether the password was right."""
    answer = TemplateResponse(request, "console/sign_in/locked_out.html", status=429)
    answer["Retry-After"] = str(int(settings.AXES_COOLOFF_TIME.total_seconds()))
    answer["Cache-Control"] = "no-store"
    return answer.render()
