"""Duplicating a profile: the form to add one, filled with a copy. Nothing is written by it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest

from gateway.console.targets.forms import TargetForm
from governance.errors import NotFound
from governance.models import RoutingProfile, RoutingTarget
from governance.services import find_profile

PARAMETER = "copy_of"
"""Names the profile in the query string of the page that adds one."""

_SEEING = ("view", "change")
_COPIED = (
    "description",
    "virtual_key_id",
    "enabled",
    "strategy",
    "local_fallback",
    "local_only",
)


def copied_in(request: HttpRequest) -> RoutingProfile | None:
    """The profile that the page to add one is to be filled with."""
    identity = request.GET.get(PARAMETER)
    user = request.user
    allowed = any(user.has_perm(f"governance.{right}_routingprofile") for right in _SEEING)
    if request.method != "GET" or not identity or not allowed:
        return None
    try:
        return find_profile(identity)
    except NotFound:
        return None


def profile_initial(
    row: RoutingProfile, names: Iterable[str], virtual_providers: Iterable[str]
) -> dict[str, Any]:
    """What the form says first; name and virtual provider are free beside those given."""
    return {
        **{field: getattr(row, field) for field in _COPIED},
        "name": _free(row.name, " copy", " ", _length("name"), names),
        "virtual_provider": _free(
            row.virtual_provider,
            "-copy",
            "-",
            _length("virtual_provider"),
            virtual_providers,
        ),
    }


def target_initial(row: RoutingTarget) -> dict[str, Any]:
    return {field: getattr(row, field) for field in TargetForm.Meta.fields}


def _length(name: str) -> int:
    """The most characters the column takes."""
    length: int = RoutingProfile._meta.get_field(name).max_length  # type: ignore[union-attr, assignment]
    return length


def _free(name: str, suffix: str, joint: str, limit: int, taken: Iterable[str]) -> str:
    known = {one.casefold() for one in taken}
    number = 1
    while True:
        ending = suffix if number == 1 else f"{suffix}{joint}{number}"
        found = name[: limit - len(ending)] + ending
        if found.casefold() not in known:
            return found
        number += 1
