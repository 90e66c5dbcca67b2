"""The local fallback: where a failed or empty route ends when nothing forbids it."""

from __future__ import annotations

from collections.abc import Iterable

from governance.kinds import kind_named
from governance.routing.fallback_modes import (
    FOLLOWS,
    NEVER,
    UNREACHABLE,
    FallbackMode,
    mode_of,
    sentence,
)
from governance.routing.overrides import DRAIN, override_of
from governance.routing.plan import OVERLOADED, Candidate, Verdict
from governance.routing.request import RoutingRequest
from governance.routing.table import Profile, ProviderEntry, RoutingTable, VirtualKey
from governance.routing.verdicts import covers_modalities
from governance.routing.vocabulary import OF_LANGUAGE_MODELS


def applies(profile: Profile | None, virtual_key: VirtualKey, table: RoutingTable) -> FallbackMode:
    """The mode that holds for requests of this key to this profile."""
    said = FOLLOWS if profile is None else profile.local_fallback
    return mode_of(table.local_fallback, said, virtual_key.local_fallback)


def local_candidate(
    routing_request: RoutingRequest,
    profile: Profile | None,
    virtual_key: VirtualKey,
    table: RoutingTable,
) -> Candidate | None:
    """The local default as a last candidate, None when it is forbidden or can not serve the ask.

    The profile and the key may each forbid it. It must speak the request type, take every
    modality of the request, and know which model to use.
    """
    provider = table.local_default
    if provider is None or not provider.enabled or not provider.default_model:
        return None
    mode = applies(profile, virtual_key, table).mode
    if mode == NEVER:
        return None
    asked = routing_request.request_type
    kind = kind_named(provider.kind)
    if kind is None or asked not in OF_LANGUAGE_MODELS or not kind.serves(asked):
        return None
    if not provider.is_local or not covers_modalities(
        routing_request.required_capabilities, provider
    ):
        return None
    model = provider.default_model
    if override_of(table.overrides, provider.name.casefold(), model) == DRAIN:
        return None
    facts = table.facts(provider, model)
    return Candidate(provider, model, facts=facts, only_unreachable=mode == UNREACHABLE)


def takes_over(fallback: Candidate, verdicts: Iterable[Verdict]) -> bool:
    """Whether the fallback may answer where the verdicts leave nothing else to try."""
    if not fallback.only_unreachable:
        return True
    return any(verdict.rejection in OVERLOADED for verdict in verdicts)


def sentence_for(profile: Profile, table: RoutingTable) -> str:
    """What happens to requests of the profile when no target answers."""
    return sentence(
        mode_of(table.local_fallback, profile.local_fallback), place_of(table.local_default)
    )


def installation_sentence(table: RoutingTable) -> str:
    """What happens where neither profile nor key says otherwise."""
    return sentence(mode_of(table.local_fallback), place_of(table.local_default))


def place_of(provider: ProviderEntry | None) -> str:
    """The local model that would answer, in words; empty where there is none."""
    if provider is None or not provider.default_model:
        return ""
    return f"{provider.name} / {provider.default_model}"
