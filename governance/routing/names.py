"""The model names a key can use, for listings and for messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from governance.routing.handles import backend, usable_profiles
from governance.routing.model_facts import UNKNOWN, ModelFacts, together
from governance.routing.table import Profile, ProviderEntry, RoutingTable, VirtualKey
from governance.routing.verdicts import WILDCARD, unavailable_reason


@dataclass(frozen=True, slots=True, order=True)
class ListedModel:
    """One name that `model` of a request may hold."""

    id: str
    owner: str
    """The virtual provider or the provider."""
    virtual: bool
    facts: ModelFacts = field(default=UNKNOWN, compare=False)


def listed_models(table: RoutingTable, virtual_key: VirtualKey) -> list[ListedModel]:
    """Every name the key may use and that leads somewhere, sorted, each once.

    Virtual models are `virtual_provider/alias`, and `virtual_provider/model` for the models behind
    targets without a named alias; real ones are `provider/model`. What is switched off, not
    configured or out of the key's reach is left out. Momentary health is not looked at.
    """
    found: dict[str, ListedModel] = {}
    for profile in usable_profiles(virtual_key, table):
        behind: dict[str, list[ModelFacts]] = {}
        names: dict[str, str] = {}
        for alias, facts in _virtual_models(profile, virtual_key, table):
            names.setdefault(alias.casefold(), alias)
            behind.setdefault(alias.casefold(), []).append(facts)
        for key, alias in names.items():
            name, owner = f"{profile.virtual_provider}/{alias}", profile.virtual_provider
            one = ListedModel(name, owner, True, together(behind[key]))
            found.setdefault(name.casefold(), one)
    for provider, models in _real_models(virtual_key, table).items():
        row = table.providers[provider.casefold()]
        for model in models:
            name = f"{provider}/{model}"
            one = ListedModel(name, provider, False, table.facts(row, model))
            found.setdefault(name.casefold(), one)
    return sorted(found.values())


def _virtual_models(
    profile: Profile, virtual_key: VirtualKey, table: RoutingTable
) -> Iterator[tuple[str, ModelFacts]]:
    """Each with the facts of one model behind it."""
    for target in profile.targets:
        if not target.enabled or unavailable_reason(target.provider, profile, virtual_key, table):
            continue
        provider = table.providers[target.provider.casefold()]
        models = [target.model] if target.model else _models_of(provider)
        named = target.virtual_model not in ("", WILDCARD)
        for model in models:
            facts = table.facts(provider, model)
            if target.capabilities:
                facts = facts._replace(capabilities=target.capabilities)
            yield (target.virtual_model if named else model), facts
        if named and not target.model and not provider.default_model and not provider.models:
            yield target.virtual_model, UNKNOWN


def _real_models(virtual_key: VirtualKey, table: RoutingTable) -> dict[str, list[str]]:
    """By the name of each provider within reach: its own models and those targets ask it for."""
    if virtual_key.confined_to:
        return {}
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
