"""Building a RoutingTable: every index that the request path looks things up in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from governance.kinds import kind_named
from governance.limits.counting.binding import LimitIndex
from governance.routing.mappings import compile_test
from governance.routing.overrides import NONE, Overrides
from governance.routing.table import (
    ExpectedCost,
    GroupEntry,
    HeuristicRuleEntry,
    ModelMappingEntry,
    ModelPriceEntry,
    Profile,
    ProviderEntry,
    RoutingTable,
    VirtualKey,
)


def compile_table(
    *,
    version: int = 0,
    profiles: Iterable[Profile] = (),
    providers: Iterable[ProviderEntry] = (),
    virtual_keys: Mapping[bytes, VirtualKey] | None = None,
    rules: Iterable[HeuristicRuleEntry] = (),
    mappings: Iterable[ModelMappingEntry] = (),
    cloud_enabled: bool = False,
    groups: Iterable[GroupEntry] = (),
    limits: LimitIndex | None = None,
    prices: Iterable[ModelPriceEntry] = (),
    local_fallback: str = "always",
    context_lengths: Mapping[tuple[str, str, str], int] | None = None,
    expected_cost: ExpectedCost | None = None,
    overrides: Overrides = NONE,
    compile_regex: Callable[[str], Callable[[str], bool]],
) -> RoutingTable:
    """One consistent table.

    `virtual_keys` are keyed by the SHA-256 digest of the key. `compile_regex` turns a pattern
    into a test by a linear-time engine; what it raises for a bad pattern passes through, so that
    the last good table stays in force. `expected_cost` knows prices.
    """
    ordered = tuple(profiles)
    provided = tuple(providers)
    default = _default(provided)
    local_default = _local_default(provided, default)
    if default is None and not cloud_enabled:
        default = local_default
    return RoutingTable(
        version=version,
        providers=MappingProxyType({one.name.casefold(): one for one in provided}),
        profiles=MappingProxyType({profile.id: profile for profile in ordered}),
        by_virtual_provider=_by_virtual_provider(ordered),
        by_handle=MappingProxyType(_handles(ordered)),
        virtual_keys=MappingProxyType(dict(virtual_keys or {})),
        rules=tuple(rules),
        mappings=_compiled(mappings, compile_regex),
        default=default,
        local_default=local_default,
        cloud_enabled=cloud_enabled,
        groups=MappingProxyType({one.id: one for one in groups}),
        limits=limits or LimitIndex(),
        prices=tuple(prices),
        local_fallback=local_fallback,
        context_lengths=MappingProxyType(dict(context_lengths or {})),
        overrides=overrides,
        **({} if expected_cost is None else {"expected_cost": expected_cost}),
    )


def _by_virtual_provider(profiles: Sequence[Profile]) -> Mapping[str, Profile]:
    return MappingProxyType({one.virtual_provider.casefold(): one for one in profiles})


def _handles(profiles: Sequence[Profile]) -> dict[str, Profile]:
    """An id beats a virtual provider beats a name."""
    handles: dict[str, Profile] = {}
    for kind in ("name", "virtual_provider", "id"):
        for profile in profiles:
            handles[getattr(profile, kind).casefold()] = profile
    return handles


def _compiled(
    mappings: Iterable[ModelMappingEntry], compile_regex: Callable[[str], Callable[[str], bool]]
) -> tuple[ModelMappingEntry, ...]:
    """Mappings in force, by priority; the sort keeps row order among equals."""
    enabled = [mapping for mapping in mappings if mapping.enabled]
    return tuple(
        replace(mapping, test=compile_test(mapping, compile_regex))
        for mapping in sorted(enabled, key=lambda mapping: mapping.priority)
    )


def _default(providers: Sequence[ProviderEntry]) -> ProviderEntry | None:
    """The enabled provider marked as default, or else the only enabled one."""
    enabled = [provider for provider in providers if provider.enabled]
    for provider in enabled:
        if provider.is_default:
            return provider
    return enabled[0] if len(enabled) == 1 else None


def _local_default(
    providers: Sequence[ProviderEntry], default: ProviderEntry | None
) -> ProviderEntry | None:
    """The default if it is local, else the first that knows its model, preferred kinds first."""

    def able(provider: ProviderEntry) -> bool:
        return provider.enabled and provider.is_local and bool(provider.default_model)

    if default is not None and able(default):
        return default
    return next(iter(sorted(filter(able, providers), key=_is_second_choice)), None)


def _is_second_choice(provider: ProviderEntry) -> bool:
    kind = kind_named(provider.kind)
    return kind is None or not kind.preferred_locally
