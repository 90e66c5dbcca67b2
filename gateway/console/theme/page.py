"""What every page of the console shares: who may open it, and the frame of the admin around it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse

View = Callable[..., HttpResponseBase]


def console_view(*permissions: str) -> Callable[[View], View]:
    """Only for staff with all of `permissions`; others are asked to log in, or get a 403."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponseBase:
            if not request.user.has_perms(permissions):
                raise PermissionDenied
            return view(request, *arguments, **named)

        return admin.site.admin_view(checked)

    return decorate


def page(request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
    """A whole page, with navigation."""
    return TemplateResponse(
        request, template, {**admin.site.each_context(request), "title": title, **context}
    )
