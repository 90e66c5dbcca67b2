"""The page above an address: where a way goes on that ends there."""

from __future__ import annotations

from typing import Final

from django.urls import Resolver404, resolve, reverse

PAGES: Final = {
    "console:rehearse": "admin:governance_routingprofile_changelist",
    "console:replay": "admin:governance_routingprofile_changelist",
}
"""Addresses whose page does not lie above them."""


def above(path: str) -> str:
    """The nearest page above a path of the console."""
    try:
        page = PAGES.get(resolve(path).view_name)
    except Resolver404:
        page = None
    if page is not None:
        return reverse(page)
    parts = path.strip("/").split("/")[:-1]
    while len(parts) > 1:
        found = f"/{'/'.join(parts)}/"
        try:
            if resolve(found).func.__name__ != "catch_all_view":
                return found
        except Resolver404:
            pass
        parts.pop()
    return reverse("admin:index")
