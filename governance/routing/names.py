"""The model names a key can use, for listings and for messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from governance.routing.handles import backend, usable_profiles
from governance.routing.table import Profile, ProviderEntry, RoutingTable, VirtualKey
from governance.routing.verdicts import WILDCARD, unavailable_reason


@dataclass(frozen=True, slots=True, order=True)
class ListedModel:
    """One name that `model` of a request may hold."""

    id: str
    owner: str
    """The virtual provider or the provider."""
    virtual: bool


def listed_models(table: RoutingTable, virtual_key: VirtualKey) -> list[ListedModel]:
    """Every name the key may use and that leads somewhere, sorted, each once.

    Virtual models are `virtual_provider/alias`, and `virtual_provider/model` for the models behind
    targets without a named alias; real ones are `provider/model`. What is switched off, not
    configured or out of the key's reach is left out. Momentary health is not looked at.
    """
    found: dict[str, ListedModel] = {}
    for profile in usable_profiles(virtual_key, table):
        for alias in _virtual_models(profile, virtual_key, table):
            name = f"{profile.virtual_provider}/{alias}"
            found.setdefault(name.casefold(), ListedModel(name, profile.virtual_provider, True))
    for provider, models in _real_models(virtual_key, table).items():
        for model in models:
            name = f"{provider}/{model}"
            found.setdefault(name.casefold(), ListedModel(name, provider, False))
    return sorted(found.values())


def _virtual_models(
    profile: Profile, virtual_key: VirtualKey, table: RoutingTable
) -> Iterator[str]:
    for target in profile.targets:
        if not target.enabled or unavailable_reason(target.provider, profile, virtual_key, table):
            continue
        if target.virtual_model not in ("", WILDCARD):
            yield target.virtual_model
        elif target.model:
            yield target.model
        else:
            yield from _models_of(table.providers[target.provider.casefold()])


def _real_models(virtual_key: VirtualKey, table: RoutingTable) -> dict[str, list[str]]:
    """By the name of each provider within reach: its own models and those targets ask it for."""
    found = {
        provider.name: list(_models_of(provider))
        for provider in table.providers.values()
        if not unavailable_reason(provider.name, backend(provider, table), virtual_key, table)
    }
    for profile in usable_profiles(virtual_key, table):
        for target in profile.targets:
            provider = table.providers.get(target.provider.casefold())
            if target.enabled and target.model and provider and provider.name in found:
                found[provider.name].append(target.model)
    return found


def _models_of(provider: ProviderEntry) -> Iterator[str]:
    if provider.default_model:
        yield provider.default_model
    yield from provider.models
