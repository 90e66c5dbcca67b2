"""Rows as the frozen values of the routing table, by few queries, and only what changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import structlog
from django.db import connection
from django.db.models import QuerySet

from governance import frozen, models, secrets
from governance.limits.counting.binding import LimitIndex
from governance.load_limits import load_limits, load_prices
from governance.routing.table import (
    GroupEntry,
    HeuristicRuleEntry,
    ModelMappingEntry,
    ModelPriceEntry,
    Profile,
    ProviderEntry,
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
    limits: int = 0


@dataclass(frozen=True, slots=True)
class Rows:
    """Everything the table is compiled from, at one version."""

    version: Version = Version()
    providers: tuple[ProviderEntry, ...] = ()
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    virtual_keys: Mapping[bytes, VirtualKey] = field(default_factory=dict)
    rules: tuple[HeuristicRuleEntry, ...] = ()
    mappings: tuple[ModelMappingEntry, ...] = ()
    groups: tuple[GroupEntry, ...] = ()
    limits: LimitIndex = field(default_factory=LimitIndex)
    prices: tuple[ModelPriceEntry, ...] = ()


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
    same_limits = not fresh and version.limits == old.limits
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
        virtual_keys=(
            held.virtual_keys
            if not fresh and version.keys == old.keys
            else _keys(held.virtual_keys, old.version)
        ),
        rules=held.rules if same_rules else _rules(),
        mappings=held.mappings if same_rules else _mappings(),
        groups=held.groups if same_limits else _groups(),
        limits=held.limits if same_limits else load_limits(),
        prices=held.prices if same_limits else load_prices(),
    )


def _is_ancestor(old: Version, new: Version) -> bool:
    if old.version > new.version:
        return False
    return models.Revision.objects.filter(version=old.version, mark=old.mark).exists()


def _providers() -> tuple[ProviderEntry, ...]:
    return tuple(map(_provider, models.Provider.objects.order_by("pk")))


def _provider(row: models.Provider) -> ProviderEntry:
    try:
        api_key, headers = row.reveal_api_key(), row.reveal_headers()
    except secrets.Unreadable:
        # The provider will refuse the request, and the next candidate is tried.
        log.error("credential_unreadable", provider=row.name)
        api_key, headers = "", {}
    return frozen.PROVIDER.of(row, api_key=api_key, extra_headers=tuple(headers.items()))


def _profiles(held: Mapping[str, Profile], since: int) -> Mapping[str, Profile]:
    """The profiles of `held`, brought up to date; all are read when there are none."""
    rows = models.RoutingProfile.objects.filter(changed_in__gt=since if held else -1)
    targets = _targets(rows)
    loaded = dict(held)
    for identity, *values in rows.order_by().values_list("pk", *frozen.PROFILE.columns):
        loaded[identity] = frozen.PROFILE.build(values, targets=targets.get(identity, ()))
    return _present(loaded, models.RoutingProfile.objects.order_by(), "pk")


def _targets(profiles: QuerySet[models.RoutingProfile]) -> dict[str, tuple[Target, ...]]:
    """The targets of these profiles in their order, by the profile's id."""
    rows = models.RoutingTarget.objects.filter(profile__in=profiles.order_by().values("pk"))
    ordered = rows.order_by("profile_id", "position")
    values = ordered.values_list("profile_id", *frozen.TARGET_COLUMNS)
    return {
        profile: tuple(frozen.target(row[1:]) for row in group)
        for profile, group in groupby(values, key=itemgetter(0))
    }


def _keys(held: Mapping[bytes, VirtualKey], since: int) -> Mapping[bytes, VirtualKey]:
    """The keys of `held`, brought up to date; all are read when there are none."""
    rows = models.ApiKey.objects.filter(changed_in__gt=since if held else -1).order_by()
    loaded = dict(held)
    for digest, *values in rows.values_list("digest", *frozen.KEY.columns):
        loaded[bytes(digest)] = frozen.KEY.build(values)
    return _present(loaded, models.ApiKey.objects.order_by(), "digest")


def _present(loaded: dict[Any, Any], rows: QuerySet[Any], key: str) -> dict[Any, Any]:
    """What is still there; keys are read only when some are gone."""
    if len(loaded) == rows.count():
        return loaded
    read = rows.values_list(key, flat=True)
    there = set(map(bytes, read)) if key == "digest" else set(read)
    return {identity: one for identity, one in loaded.items() if identity in there}


def _rules() -> tuple[HeuristicRuleEntry, ...]:
    rows = models.HeuristicRule.objects.order_by("position", "pk")
    return tuple(map(frozen.RULE.build, rows.values_list(*frozen.RULE.columns)))


def _mappings() -> tuple[ModelMappingEntry, ...]:
    rows = models.ModelMapping.objects.order_by("priority", "pk")
    return tuple(map(frozen.MAPPING.build, rows.values_list(*frozen.MAPPING.columns)))


def _groups() -> tuple[GroupEntry, ...]:
    rows = models.Group.objects.order_by("pk").values_list(*frozen.GROUP.columns)
    return tuple(map(frozen.GROUP.build, rows))
