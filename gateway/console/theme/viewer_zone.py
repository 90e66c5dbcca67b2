"""Times stand in the zone of whoever looks: their browser says which in a cookie."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

ROOT: Final = "/admin/"
COOKIE: Final = "viewer_zone"
LONGEST: Final = 64
"""Characters of a zone's name."""


def viewer_zone_middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """UTC until a browser has said otherwise."""

    def answer(request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(ROOT):
            return get_response(request)
        with timezone.override(zone_named(request.COOKIES.get(COOKIE, ""))):
            return get_response(request)

    return answer


def zone_named(name: str) -> tzinfo:
    """Of that name, else UTC: a cookie may hold anything."""
    try:
        return ZoneInfo(name) if 0 < len(name) <= LONGEST else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
