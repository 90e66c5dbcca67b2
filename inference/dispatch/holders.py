"""Who holds what a key was given an id of."""

from __future__ import annotations

from typing import NamedTuple

from governance.routing.table import ProviderEntry, RoutingTable, VirtualKey
from inference.dispatch.seals import seal_for
from inference.values.seal import Seal


class Holder(NamedTuple):
    """A provider, and the id as it gave it."""

    seal: Seal
    provider: ProviderEntry
    id: str


def holder_of(table: RoutingTable, key: VirtualKey, sealed: str) -> Holder | None:
    """None for an id that this key was not given, or whose holder it may not reach any more."""
    for provider in table.providers.values():
        seal = seal_for(key, provider.name)
        own = seal.open(sealed)
        if own is not None:
            return Holder(seal, provider, own) if is_reachable(provider, key, table) else None
    return None


def is_reachable(provider: ProviderEntry, key: VirtualKey, table: RoutingTable) -> bool:
    """Whether the key may ask it for what it holds."""
    stays = provider.is_local or (table.cloud_enabled and not key.local_only)
    return provider.enabled and stays
