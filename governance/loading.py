"""Rows as the frozen values of the routing table, by few queries, and only what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import structlog
from django.db import connection
from django.db.models import QuerySet

from governance import models, secrets
from governance.models.routing_target import THRESHOLDS
from governance.routing.table import (
    Condition,
    HeuristicRule,
    ModelMapping,
    Profile,
    Provider,
    RateLimit,
    Target,
    VirtualKey,
)

log = structlog.get_logger("pointsman.loading")


@dataclass(frozen=True, slots=True)
class Version:
    """The row of `models.TableVersion`: the state and, by section, what changed it last."""

    version: int = 0
    mark: str = ""
    providers: int = 0
    profiles: int = 0
    keys: int = 0
    rules: int = 0


@dataclass(frozen=True, slots=True)
class Rows:
    """Everything the table is compiled from, at one version."""

    version: Version = Version()
    providers: tuple[Provider, ...] = ()
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    grants: Mapping[bytes, VirtualKey] = field(default_factory=dict)
    rules: tuple[HeuristicRule, ...] = ()
    mappings: tuple[ModelMapping, ...] = ()


NOTHING: Final = Rows()

_COLUMNS: Final = ", ".join(f'"{one.name}"' for one in fields(Version))
# Asked several times a second beside requests: the ORM takes ten times as long to write it.
_VERSION: Final = f'SELECT {_COLUMNS} FROM "{models.TableVersion._meta.db_table}"'  # noqa: S608  # our names


def read_version() -> Version:
    """What is in force; one query."""
    with connection.cursor() as cursor:
        cursor.execute(_VERSION)
        row = cursor.fetchone()
    return Version() if row is None else Version(*row)


def load(held: Rows, version: Version) -> Rows:
    """The rows at `version`, taking from `held` what did not change since.

    `held` counts only if its version is an ancestor of `version`: a database restored from a
    backup may have the same numbers and other contents.
    """
    if held is not NOTHING and not _is_ancestor(held.version, version):
        held = NOTHING
    old = held.version
    fresh = held is NOTHING
    same_rules = not fresh and version.rules == old.rules
    return Rows(
        version=version,
        providers=(
            held.providers if not fresh and version.providers == old.providers else _providers()
        ),
        profiles=(
            held.profiles
            if not fresh and version.profiles == old.profiles
            else _profiles(held.profiles, old.version)
        ),
        grants=(
            held.grants
            if not fresh and version.keys == old.keys
            else _grants(held.grants, old.version)
        ),
        rules=held.rules if same_rules else _rules(),
        mappings=held.mappings if same_rules else _mappings(),
    )


def _is_ancestor(old: Version, new: Version) -> bool:
    if old.version > new.version:
        return False
    return models.Revision.objects.filter(version=old.version, mark=old.mark).exists()


def _providers() -> tuple[Provider, ...]:
    return tuple(map(_provider, models.Provider.objects.order_by("pk")))


def _provider(row: models.Provider) -> Provider:
    try:
        api_key, headers = row.reveal_api_key(), row.reveal_headers()
    except secrets.Unreadable:
        # The provider will refuse the request, and the next candidate is tried.
        log.error("credential_unreadable", provider=row.name)
        api_key, headers = "", {}
    return Provider(
        name=row.name,
        kind=row.kind,
        base_url=row.base_url,
        is_local=row.is_local,
        api_key=api_key,
        default_model=row.default_model,
        models=tuple(row.models),
        capabilities=frozenset(row.capabilities),
        extra_headers=tuple(headers.items()),
        connect_timeout=row.connect_timeout,
        first_event_timeout=row.first_event_timeout,
        idle_timeout=row.idle_timeout,
        total_timeout=row.total_timeout,
        max_concurrency=row.max_concurrency,
        enabled=row.enabled,
        is_default=row.is_default,
    )


def _profiles(held: Mapping[str, Profile], since: int) -> Mapping[str, Profile]:
    """The profiles of `held`, brought up to date; all are read when there are none."""
    rows = models.RoutingProfile.objects.filter(changed_in__gt=since if held else -1)
    targets = _targets(rows)
    loaded = dict(held)
    names = (
        "id",
        "name",
        "virtual_provider",
        "description",
        "virtual_key_id",
        "enabled",
        "strategy",
        "local_fallback",
        "local_only",
    )
    for row in rows.order_by().values(*names):
        loaded[row["id"]] = Profile(targets=targets.get(row["id"], ()), **row)
    if len(loaded) != models.RoutingProfile.objects.count():
        there = set(models.RoutingProfile.objects.order_by().values_list("id", flat=True))
        loaded = {identity: one for identity, one in loaded.items() if identity in there}
    return loaded


def _targets(profiles: QuerySet[models.RoutingProfile]) -> dict[str, tuple[Target, ...]]:
    """The targets of these profiles in their order, by the profile's id."""
    rows = models.RoutingTarget.objects.filter(profile__in=profiles.order_by().values("pk"))
    names = (
        "profile_id",
        "position",
        "provider",
        "model",
        "virtual_model",
        "priority",
        "weight",
        "request_types",
        "capabilities",
        "enabled",
        *THRESHOLDS,
    )
    ordered = rows.order_by("profile_id", "position").values_list(*names)
    return {
        profile: tuple(_target(row) for row in group)
        for profile, group in groupby(ordered, key=itemgetter(0))
    }


def _target(row: Sequence[Any]) -> Target:
    (_, position, provider, model, alias, priority, weight, types, capabilities, enabled) = row[:10]
    return Target(
        provider=provider,
        model=model,
        virtual_model=alias,
        priority=priority,
        weight=weight,
        request_types=_words(*types),
        capabilities=_words(*capabilities),
        enabled=enabled,
        rate_limit=_rate_limit(*row[10:]),
        position=position,
    )


@lru_cache(maxsize=1024)
def _words(*words: str) -> frozenset[str]:
    """One set for all rows that say the same."""
    return frozenset(words)


@lru_cache(maxsize=1024)
def _rate_limit(*percents: float | None) -> RateLimit:
    return RateLimit(*(100.0 if percent is None else percent for percent in percents))


def _grants(held: Mapping[bytes, VirtualKey], since: int) -> Mapping[bytes, VirtualKey]:
    """The keys of `held`, brought up to date; all are read when there are none."""
    rows = models.ApiKey.objects.filter(changed_in__gt=since if held else -1).order_by()
    loaded = dict(held)
    names = (
        "digest",
        "id",
        "name",
        "scopes",
        "routing_profile_id",
        "priority",
        "local_fallback",
        "local_only",
        "enabled",
        "expires_at",
    )
    for row in rows.values_list(*names):
        digest, identity, name, scopes, profile, priority, fallback, local, enabled, expires = row
        loaded[bytes(digest)] = VirtualKey(
            id=identity,
            name=name,
            scopes=_words(*scopes),
            profile=profile or "",
            priority=priority,
            local_fallback=fallback,
            local_only=local,
            enabled=enabled,
            expires_at=None if expires is None else expires.timestamp(),
        )
    if len(loaded) != models.ApiKey.objects.count():
        there = set(map(bytes, models.ApiKey.objects.order_by().values_list("digest", flat=True)))
        loaded = {digest: grant for digest, grant in loaded.items() if digest in there}
    return loaded


def _rules() -> tuple[HeuristicRule, ...]:
    return tuple(
        HeuristicRule(
            name=row.name,
            profile=row.profile,
            conditions=tuple(map(_condition, row.conditions)),
            match=row.match,
            enabled=row.enabled,
        )
        for row in models.HeuristicRule.objects.order_by("position", "pk")
    )


def _condition(document: Mapping[str, Any]) -> Condition:
    value = document["value"]
    return Condition(
        feature=document["feature"],
        operator=document["operator"],
        value=tuple(value) if isinstance(value, list) else value,
    )


def _mappings() -> tuple[ModelMapping, ...]:
    return tuple(
        ModelMapping(
            pattern=row.pattern,
            match=row.match,
            destination=row.destination,
            priority=row.priority,
            enabled=row.enabled,
        )
        for row in models.ModelMapping.objects.order_by("priority", "pk")
    )
