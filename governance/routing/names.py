"""The model names a key can use, for listings and for messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from governance.routing.handles import backend, usable_profiles
from governance.routing.table import Profile, Provider, RoutingTable, VirtualKey
from governance.routing.verdicts import WILDCARD, obstacle


@dataclass(frozen=True, slots=True, order=True)
class ListedModel:
    """One name that `model` of a request may hold."""

    id: str
    owner: str
    """The virtual provider or the provider."""
    virtual: bool


def listed_models(table: RoutingTable, grant: VirtualKey) -> list[ListedModel]:
    """Every name the key may use and that leads somewhere, sorted, each once.

    Virtual models are `virtual_provider/alias`, and `virtual_provider/model` for the models behind
    targets without a named alias; real ones are `provider/model`. What is switched off, not
    configured or out of the key's reach is left out. Momentary health is not looked at.
    """
    found: dict[str, ListedModel] = {}
    for profile in usable_profiles(grant, table):
        for alias in _virtual_models(profile, grant, table):
            name = f"{profile.virtual_provider}/{alias}"
            found.setdefault(name.casefold(), ListedModel(name, profile.virtual_provider, True))
    for provider, models in _real_models(grant, table).items():
        for model in models:
            name = f"{provider}/{model}"
            found.setdefault(name.casefold(), ListedModel(name, provider, False))
    return sorted(found.values())


def _virtual_models(profile: Profile, grant: VirtualKey, table: RoutingTable) -> Iterator[str]:
    for target in profile.targets:
        if not target.enabled or obstacle(target.provider, profile, grant, table):
            continue
        if target.virtual_model not in ("", WILDCARD):
            yield target.virtual_model
        elif target.model:
            yield target.model
        else:
            yield from _models_of(table.providers[target.provider.casefold()])


def _real_models(grant: VirtualKey, table: RoutingTable) -> dict[str, list[str]]:
    """By the name of each provider within reach: its own models and those targets ask it for."""
    if grant.confined_to:
        return {}
    found = {
        provider.name: list(_models_of(provider))
        for provider in table.providers.values()
        if not obstacle(provider.name, backend(provider, table), grant, table)
    }
    for profile in usable_profiles(grant, table):
        for target in profile.targets:
            provider = table.providers.get(target.provider.casefold())
            if target.enabled and target.model and provider and provider.name in found:
                found[provider.name].append(target.model)
    return found


def _models_of(provider: Provider) -> Iterator[str]:
    if provider.default_model:
        yield provider.default_model
    yield from provider.models
