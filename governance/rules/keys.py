"""What an API key must keep."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from django.utils.dateparse import parse_datetime

from governance.routing.fields import Fields, Problem, kind_of
from governance.routing.rules import LOCAL_FALLBACKS

KEY_FIELDS: Final = (
    "id",
    "name",
    "prefix",
    "scopes",
    "routing_profile",
    "priority",
    "local_fallback",
    "local_only",
    "enabled",
    "expires_at",
    "created_at",
    "last_used_at",
)
SCOPES: Final = ("inference", "governance:read", "governance:write")
PRIORITIES: Final = ("high", "normal", "low")


def key_problems(document: object) -> list[Problem]:
    """Every rule the key breaks. Whether its profile exists is for the database to say."""
    if not isinstance(document, Mapping):
        return [Problem("", "type", f"An API key must be an object, not {kind_of(document)}.")]
    fields = Fields(document)
    fields.text("name", required=True)
    fields.choices("scopes", SCOPES)
    scopes = document.get("scopes")
    if scopes is None or scopes == [] or scopes == ():
        fields.note("scopes", "required", "An API key needs at least one scope.")
    fields.text("routing_profile")
    fields.choice("priority", PRIORITIES, default="normal")
    fields.choice("local_fallback", LOCAL_FALLBACKS, default="default")
    fields.flag("local_only", default=False)
    fields.flag("enabled", default=True)
    expires = document.get("expires_at")
    if expires is not None and moment(expires) is None:
        message = "expires_at must be a date and time with its zone, as 2030-01-31T12:00:00Z."
        fields.note("expires_at", "invalid", message)
    return fields.found


def moment(value: object) -> datetime | None:
    """The point in time an ISO 8601 text names, in UTC; None when it names none."""
    if not isinstance(value, str):
        return None
    try:
        found = parse_datetime(value)
        if found is None or found.tzinfo is None:
            return None
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def unknown_key_fields(document: Mapping[str, object]) -> list[Problem]:
    """A warning for each field of an API key that this service does not know."""
    fields = Fields(document)
    fields.unknown(KEY_FIELDS, "An API key")
    return fields.found
