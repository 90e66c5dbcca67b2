"""Where a request comes from, as far as that can be believed."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from inference.edge.asgi import App


def behind_proxy(app: App) -> App:
    """The application, for which the caller is whom the trusted proxy names."""

    def passed_on(scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        lines = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
        last = lines[-1].rpartition(b",")[2].strip() if lines else b""
        if last:
            scope = {**scope, "client": (last[:64].decode("latin-1"), 0)}
        return app(scope, receive, send)

    return passed_on


def client_address(request: HttpRequest) -> str:
    """The caller's IP address; empty on a Unix socket.

    Behind a trusted proxy it is the last address of `X-Forwarded-For`, which the proxy itself
    wrote: those before it are whatever the caller liked to send.
    """
    if settings.TRUST_PROXY:
        forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        if forwarded:
            return forwarded[:64]
    return str(request.META.get("REMOTE_ADDR") or "")
