"""Rows as JSON documents: the one form that API, export, import, revisions and rules share.

Names and order of a profile's fields are those of the Routing Profiles API document; what this
service adds stands behind them. No document holds a secret. `governance.rows` goes the other way.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from governance.models import (
        ApiKey,
        HeuristicRule,
        ModelMapping,
        Provider,
        RoutingProfile,
        RoutingTarget,
    )

Document = dict[str, Any]

MASK: Final = "********"
"""Stands for the value of a header, which is never shown. Sent back, it keeps the value."""

READ_ONLY: Final = frozenset({"has_api_key", "credential"})
"""Fields of a provider's document that only say what is; sent back they mean nothing."""

_THRESHOLDS: Final = (
    "request_percent_threshold",
    "token_percent_threshold",
    "budget_percent_threshold",
)


def profile(row: RoutingProfile, targets: Iterable[RoutingTarget]) -> Document:
    """A routing profile with its targets, which are given in their order."""
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "virtual_provider": row.virtual_provider,
        "virtual_key_id": row.virtual_key_id,
        "enabled": row.enabled,
        "strategy": row.strategy,
        "targets": [target(one) for one in targets],
        "local_fallback": row.local_fallback,
        "local_only": row.local_only,
    }


def target(row: RoutingTarget) -> Document:
    """One target. `rate_limit` is null without thresholds and holds only those that are set."""
    limits = {name: number(getattr(row, name)) for name in _THRESHOLDS}
    return {
        "provider": row.provider,
        "virtual_model": row.virtual_model,
        "model": row.model,
        "priority": row.priority,
        "weight": number(row.weight),
        "request_types": row.request_types,
        "capabilities": row.capabilities,
        "enabled": row.enabled,
        "rate_limit": {name: value for name, value in limits.items() if value is not None} or None,
    }


def provider(row: Provider) -> Document:
    """A provider without its credential: whether there is one, and the names of its headers."""
    return {
        "name": row.name,
        "kind": row.kind,
        "base_url": row.base_url,
        "is_local": row.is_local,
        "default_model": row.default_model,
        "models": row.models,
        "capabilities": row.capabilities,
        "extra_headers": dict.fromkeys(row.header_names(), MASK),
        "connect_timeout": number(row.connect_timeout),
        "first_event_timeout": number(row.first_event_timeout),
        "idle_timeout": number(row.idle_timeout),
        "total_timeout": number(row.total_timeout),
        "max_concurrency": row.max_concurrency,
        "enabled": row.enabled,
        "is_default": row.is_default,
        "has_api_key": row.has_api_key,
        "credential": row.credential,
    }


def api_key(row: ApiKey) -> Document:
    """An API key without the key."""
    return {
        "id": row.id,
        "name": row.name,
        "prefix": row.prefix,
        "scopes": row.scopes,
        "routing_profile": row.routing_profile_id or "",
        "priority": row.priority,
        "local_fallback": row.local_fallback,
        "local_only": row.local_only,
        "enabled": row.enabled,
        "expires_at": moment(row.expires_at),
        "created_at": moment(row.created_at),
        "last_used_at": moment(row.last_used_at),
    }


def heuristic_rule(row: HeuristicRule) -> Document:
    return {
        "id": row.pk,
        "name": row.name,
        "position": row.position,
        "match": row.match,
        "conditions": row.conditions,
        "profile": row.profile,
        "enabled": row.enabled,
    }


def model_mapping(row: ModelMapping) -> Document:
    return {
        "id": row.pk,
        "pattern": row.pattern,
        "match": row.match,
        "destination": row.destination,
        "priority": row.priority,
        "enabled": row.enabled,
    }


def number(value: float | None) -> float | None:
    """Whole numbers without a fraction, so that 1 stays 1 on its way through the database."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def moment(value: datetime | None) -> str | None:
    """A point in time as ISO 8601 in UTC, to the second or finer if it is."""
    return None if value is None else value.isoformat().replace("+00:00", "Z")
