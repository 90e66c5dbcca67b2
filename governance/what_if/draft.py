"""The routing table as it would be with one profile as somebody typed it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance.routing.compile import compile_table
from governance.routing.table import Profile, RateLimit, RoutingTable, Target
from governance.rules.mappings import compile_regex

Document = Mapping[str, Any]


def profile_of(document: Document) -> Profile:
    """The profile a document describes that keeps every rule; what it leaves out has its default.

    The same as loading it after it was saved.
    """
    return Profile(
        id=document["id"],
        name=document["name"],
        virtual_provider=document["virtual_provider"],
        targets=tuple(
            _target(one, place) for place, one in enumerate(document.get("targets") or ())
        ),
        strategy=document.get("strategy") or "ordered_failover",
        description=document.get("description") or "",
        virtual_key_id=document.get("virtual_key_id") or "",
        enabled=_or(document.get("enabled"), True),
        local_fallback=document.get("local_fallback") or "default",
        local_only=_or(document.get("local_only"), False),
    )


def with_profile(table: RoutingTable, profile: Profile) -> RoutingTable:
    """`table` with this profile in the place of the one with its id, or added to the others."""
    others = dict(table.profiles)
    others[profile.id] = profile
    return compile_table(
        version=table.version,
        profiles=others.values(),
        providers=table.providers.values(),
        grants=table.grants,
        rules=table.rules,
        mappings=table.mappings,
        cloud_enabled=table.cloud_enabled,
        compile_regex=compile_regex,
    )


def _target(document: Document, place: int) -> Target:
    limits = document.get("rate_limit") or {}
    return Target(
        provider=document["provider"],
        model=document.get("model") or "",
        virtual_model=document.get("virtual_model") or "",
        priority=_or(document.get("priority"), 0),
        weight=_or(document.get("weight"), 1.0),
        request_types=frozenset(document.get("request_types") or ()),
        capabilities=frozenset(document.get("capabilities") or ()),
        enabled=_or(document.get("enabled"), True),
        rate_limit=RateLimit(
            *(
                _or(limits.get(f"{name}_percent_threshold"), 100.0)
                for name in ("request", "token", "budget")
            )
        ),
        position=place,
    )


def _or(value: Any, default: Any) -> Any:
    """0 and False are values, None is none."""
    return default if value is None else value
