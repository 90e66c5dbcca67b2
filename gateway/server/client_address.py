"""Where a request comes from, as far as that can be believed."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


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
