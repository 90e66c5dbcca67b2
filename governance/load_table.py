"""Rows as the frozen values of the routing table, by few queries, and only what changed."""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import structlog
from django.db import connection
from django.db.models import Model, QuerySet
from django.utils import timezone

from governance import frozen, models, secrets
from governance.built_rows import Row, built
from governance.limits.counting.binding import LimitIndex
from governance.load_limits import follow_limits, load_limits, load_prices
from governance.many_rows import ManyRows
from governance.regex import compile_regex
from governance.routing.mappings import compile_test
from governance.routing.overrides import OverrideEntry
from governance.routing.table import (
    GroupEntry,
    HeuristicRuleEntry,
    ModelMappingEntry,
    ModelPriceEntry,
    Profile,
    ProviderEntry,
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
    overrides: tuple[OverrideEntry, ...] = ()
    broken: Mapping[Row, str] = field(default_factory=dict)
    """Rows that cannot be read, and why: they alone are out of service."""


NOTHING: Final = Rows()

SECTIONS: Final[Mapping[str, tuple[type[Model], ...]]] = {
    "providers": (models.Provider,),
    "profiles": (models.RoutingProfile,),
    "keys": (models.ApiKey,),
    "rules": (models.HeuristicRule, models.ModelMapping),
    "limits": (models.Group, models.Limit, models.LimitGrant, models.ModelPrice),
}
"""The columns of the version that say when something changed last, and what."""

_KEYS: Final = ManyRows(frozen.KEY, own=("id", "name", "owner", "expires_at"))

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
    if held is not NOTHING and is_ancestor(held.version, version):
        return _followed(held, version)
    with _no_collections():
        return _followed(NOTHING, version)


def _followed(held: Rows, version: Version) -> Rows:
    old, fresh = held.version, held is NOTHING
    changed = frozenset(SECTIONS) if fresh else changed_sections(old, version)
    broken = _still_broken(held, changed)
    made: dict[str, Any] = {}
    if "providers" in changed:
        made |= {"providers": _providers(broken), "overrides": _overrides()}
    if "profiles" in changed:
        made["profiles"] = _profiles(held.profiles, old.version, broken)
    if "keys" in changed:
        made["virtual_keys"] = _keys(held.virtual_keys, old.version, broken)
    if "rules" in changed:
        made |= {"rules": _rules(broken), "mappings": _mappings(broken)}
    if "limits" in changed:
        made |= {"groups": _groups(), "prices": load_prices()}
    if fresh:
        made["limits"] = load_limits(made["virtual_keys"].values())
    else:
        made["limits"] = follow_limits(held.limits, old.version, changed)
    return replace(held, version=version, broken=broken, **made)


@contextmanager
def _no_collections() -> Iterator[None]:
    """What is read all stays, so that looking for garbage in it again and again finds nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _still_broken(held: Rows, changed: Collection[str]) -> dict[Row, str]:
    """What was broken in a section that did not change, or of which only what changed is read."""
    labels = {
        one._meta.label_lower
        for name, models_of in SECTIONS.items()
        if name not in changed or name in ("profiles", "keys")
        for one in models_of
    }
    return {row: why for row, why in held.broken.items() if row[0] in labels}


def changed_sections(old: Version, new: Version) -> frozenset[str]:
    """The names of those that changed from one version to a later one."""
    return frozenset(name for name in SECTIONS if getattr(old, name) != getattr(new, name))


def is_ancestor(old: Version, new: Version) -> bool:
    if old.version > new.version:
        return False
    return models.Revision.objects.filter(version=old.version, mark=old.mark).exists()


def _providers(broken: dict[Row, str]) -> tuple[ProviderEntry, ...]:
    rows = models.Provider.objects.order_by("pk")
    return tuple(one for _, one in built(rows, None, provider_entry, broken))


def provider_entry(row: models.Provider) -> ProviderEntry:
    """As requests meet it; the row need not be saved."""
    try:
        api_key, headers = row.reveal_api_key(), row.reveal_headers()
    except secrets.Unreadable:
        # The provider will refuse the request, and the next candidate is tried.
        log.error("credential_unreadable", provider=row.name)
        api_key, headers = "", {}
    return frozen.PROVIDER.of(row, api_key=api_key, extra_headers=tuple(headers.items()))


def _profiles(
    held: Mapping[str, Profile], since: int, broken: dict[Row, str]
) -> Mapping[str, Profile]:
    """The profiles of `held`, brought up to date; all are read when there are none."""
    rows = models.RoutingProfile.objects.filter(changed_in__gt=since if held else -1).order_by()
    targets = _targets(rows)

    def build(row: Sequence[Any]) -> Profile:
        found = [frozen.target(one) for one in targets.get(row[0], ())]
        return frozen.profile_of(row[1:], tuple(found))

    loaded = dict(held)
    for identity in rows.values_list("pk", flat=True):
        loaded.pop(identity, None)
    loaded |= dict(built(rows, ("pk", *frozen.PROFILE_COLUMNS), build, broken))
    return _present(loaded, models.RoutingProfile.objects.order_by(), "pk")


def _targets(profiles: QuerySet[models.RoutingProfile]) -> dict[str, list[Sequence[Any]]]:
    """The columns of these profiles' targets in their order, by the profile's id."""
    rows = models.RoutingTarget.objects.filter(profile__in=profiles.values("pk"))
    ordered = rows.order_by("profile_id", "position")
    values = ordered.values_list("profile_id", *frozen.TARGET_COLUMNS)
    return {
        profile: [row[1:] for row in group] for profile, group in groupby(values, itemgetter(0))
    }


def _keys(
    held: Mapping[bytes, VirtualKey], since: int, broken: dict[Row, str]
) -> Mapping[bytes, VirtualKey]:
    """The keys of `held`, brought up to date; all are read when there are none."""
    rows = models.ApiKey.objects.filter(changed_in__gt=since if held else -1).order_by()
    loaded = {digest: key for digest, key in held.items() if not key.replaced}
    if held:
        anew = set(rows.values_list("pk", flat=True))
        if anew:
            loaded = {digest: key for digest, key in loaded.items() if key.id not in anew}

    key_of = _KEYS.builder()

    def build(row: Sequence[Any]) -> tuple[bytes, VirtualKey]:
        return bytes(row[0]), key_of(row[1:own], row[own:])

    columns, own = ("digest", *_KEYS.columns), 1 + _KEYS.own
    loaded.update(one for _, one in built(rows, columns, build, broken, many=True))
    found = _present(loaded, models.ApiKey.objects.order_by(), "digest")
    return found | _replaced(found)


def _replaced(current: Mapping[bytes, VirtualKey]) -> dict[bytes, VirtualKey]:
    """Secrets from before a rotation, which are good for a while beside the new ones."""
    rotated = models.ApiKey.objects.filter(previous_until__gt=timezone.now()).order_by()
    values = list(rotated.values_list("digest", "previous_digest", "previous_until"))
    found = {}
    for digest, previous, until in values:
        key = current.get(bytes(digest))
        if key is not None and previous is not None and until is not None:
            end = until.timestamp()
            ends = end if key.expires_at is None else min(end, key.expires_at)
            found[bytes(previous)] = replace(key, expires_at=ends, replaced=True)
    return found


def _present(loaded: dict[Any, Any], rows: QuerySet[Any], key: str) -> dict[Any, Any]:
    """What is still there; keys are read only when some are gone."""
    if len(loaded) == rows.count():
        return loaded
    read = rows.values_list(key, flat=True)
    there = set(map(bytes, read)) if key == "digest" else set(read)
    return {identity: one for identity, one in loaded.items() if identity in there}


def _rules(broken: dict[Row, str]) -> tuple[HeuristicRuleEntry, ...]:
    rows = models.HeuristicRule.objects.order_by("position", "pk")
    return tuple(one for _, one in built(rows, frozen.RULE.columns, frozen.RULE.build, broken))


def _mappings(broken: dict[Row, str]) -> tuple[ModelMappingEntry, ...]:
    def build(row: Sequence[Any]) -> ModelMappingEntry:
        mapping = frozen.MAPPING.build(row)
        compile_test(mapping, compile_regex)
        return mapping

    rows = models.ModelMapping.objects.order_by("priority", "pk")
    return tuple(one for _, one in built(rows, frozen.MAPPING.columns, build, broken))


def _overrides() -> tuple[OverrideEntry, ...]:
    rows = models.ProviderOverride.objects.filter(until__gt=datetime.now(UTC)).order_by("pk")
    values = rows.values_list("provider__name", "model", "state", "until")
    return tuple(
        OverrideEntry(provider, model, state, until.timestamp())
        for provider, model, state, until in values
    )


def _groups() -> tuple[GroupEntry, ...]:
    rows = models.Group.objects.order_by("pk").values_list(*frozen.GROUP.columns)
    return tuple(map(frozen.GROUP.build, rows))
