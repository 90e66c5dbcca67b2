"""Which part of the documentation each page of the console leads to."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest
from django.urls import reverse

DEFAULT: Final = "console"
PARTS: Final = {
    "routingprofile": "routing",
    "heuristicrule": "routing",
    "modelmapping": "routing",
    "provider": "console#providers",
    "apikey": "clients/README",
    "limit": "limits",
    "group": "limits",
    "modelprice": "limits",
    "interaction": "console#interactions",
    "revision": "console#revisions",
    "auditentry": "operating",
    "user": "console#roles",
    "playground": "console#playground",
    "engine": "local-models",
    "usage": "observing",
    "sessions": "operating",
    "exchange": "operating#backup",
    "index": "console#dashboard",
}
"""By a word of the page's name, as Django knows it."""


def part_of(view_name: str) -> str:
    words = view_name.replace(":", "_").replace("-", "_").split("_")
    return next((PARTS[word] for word in words if word in PARTS), DEFAULT)


def context(request: HttpRequest) -> dict[str, Any]:
    """For the header of every page."""
    match = request.resolver_match
    page, _, anchor = part_of(match.view_name if match else "").partition("#")
    link = reverse("console:help-page", args=(page,))
    return {
        "help_link": f"{link}#{anchor}" if anchor else link,
        "api_docs_link": reverse("docs"),
    }
