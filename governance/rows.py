"""JSON documents as rows: what `governance.documents` writes, read back.

Each function fills an unsaved row and trusts that the rules passed the document. An absent field
and null mean the field's default, as relatives of this service write unset values as null.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Model

from governance.documents import MASK
from governance.kinds import stays_here
from governance.models import (
    ApiKey,
    HeuristicRule,
    ModelMapping,
    Provider,
    RoutingProfile,
    RoutingTarget,
)
from governance.models.routing_target import THRESHOLDS
from governance.rules.keys import moment

Document = Mapping[str, Any]


def fill_profile(row: RoutingProfile, document: Document) -> list[RoutingTarget]:
    """Fills the profile and returns its targets in their order."""
    _fill(
        row,
        document,
        "name",
        "description",
        "virtual_provider",
        "virtual_key_id",
        "enabled",
        "strategy",
        "local_fallback",
        "local_only",
    )
    return [_target(row, one, place) for place, one in enumerate(document["targets"])]


def _target(profile: RoutingProfile, document: Document, position: int) -> RoutingTarget:
    row = RoutingTarget(profile=profile, position=position)
    _fill(
        row,
        document,
        "provider",
        "virtual_model",
        "model",
        "priority",
        "weight",
        "request_types",
        "capabilities",
        "enabled",
    )
    row.request_types, row.capabilities = list(row.request_types), list(row.capabilities)
    _fill(row, document.get("rate_limit") or {}, *THRESHOLDS)
    return row


def fill_provider(row: Provider, document: Document) -> None:
    """Fills the provider, its secrets too where the document brings them.

    `api_key` absent keeps the credential and "" or null clears it; `extra_headers` absent keeps
    them all, and a header whose value is the mask keeps its value.
    """
    _fill(
        row,
        document,
        "name",
        "kind",
        "base_url",
        "default_model",
        "models",
        "capabilities",
        "connect_timeout",
        "first_event_timeout",
        "idle_timeout",
        "max_concurrency",
        "enabled",
        "is_default",
    )
    row.models, row.capabilities = list(row.models), list(row.capabilities)
    # Alone among the fields, an unset value and the default are two things here.
    row.total_timeout = document.get("total_timeout", 600.0)
    local = document.get("is_local")
    row.is_local = local if local is not None else stays_here(row.kind, row.base_url)
    if "api_key" in document:
        row.set_api_key(document["api_key"] or "")
    if "extra_headers" in document:
        headers = document["extra_headers"] or {}
        kept = row.reveal_headers() if MASK in headers.values() else {}
        row.set_extra_headers(
            {
                name: kept.get(name, "") if value == MASK else value
                for name, value in headers.items()
            }
        )


def fill_key(row: ApiKey, document: Document) -> None:
    _fill(row, document, "name", "priority", "local_fallback", "local_only", "enabled")
    row.scopes = [*dict.fromkeys(document["scopes"])]
    row.routing_profile_id = document.get("routing_profile") or None
    expires = document.get("expires_at")
    row.expires_at = moment(expires) if expires is not None else None


def fill_rule(row: HeuristicRule, document: Document) -> None:
    _fill(row, document, "name", "match", "profile", "enabled")
    row.conditions = _plain(document.get("conditions") or [])


def fill_mapping(row: ModelMapping, document: Document) -> None:
    _fill(row, document, "pattern", "match", "destination", "priority", "enabled")


def _plain(conditions: Sequence[Document]) -> list[dict[str, Any]]:
    """Conditions with their three fields in their order, whatever order they came in."""
    return [{name: one[name] for name in ("feature", "operator", "value")} for one in conditions]


def _fill(row: Model, document: Document, *names: str) -> None:
    for name in names:
        value = document.get(name)
        if value is None:
            value = row._meta.get_field(name).get_default()  # type: ignore[union-attr]
        setattr(row, name, value)
