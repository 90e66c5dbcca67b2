"""Which profile a request gets, and why: the first rule that matches decides."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from governance.routing import heuristics, mappings
from governance.routing.fallback import local_candidate
from governance.routing.handles import (
    alias_in,
    backend,
    find_profile,
    listing,
    may_use,
    usable_profiles,
    within,
)
from governance.routing.names import listed_models
from governance.routing.plan import Choice, Refusal
from governance.routing.request import RoutingRequest
from governance.routing.table import Profile, RoutingTable, VirtualKey

UNDECIDED: Final = frozenset({"", "auto"})
"""Models that leave the decision to the policy."""

NO_ROUTE: Final = Profile(id="", name="", virtual_provider="", targets=(), implicit=True)
"""Stands where nothing was found; without targets, all it leads to is the local fallback."""

Skipped = tuple[tuple[str, str], ...]


def choose(ask: RoutingRequest, grant: VirtualKey, table: RoutingTable) -> Choice | Refusal:
    """The profile for a request, or why there is none.

    In this order: the caller's hint, the profile bound to the key, `virtual_provider/alias`,
    `provider/model`, model mappings, then heuristic rules and the default where the model is
    `auto` or absent.
    """
    if ask.hint is not None:
        return _by_hint(ask.hint, ask, grant, table)
    if grant.profile:
        return _by_key(ask, grant, table)
    named = _by_name(ask.model, grant, table)
    if named is not None:
        return named
    skipped: list[tuple[str, str]] = []
    mapped = _by_mapping(ask.model, grant, table, skipped)
    if mapped is not None:
        return mapped if within(grant, mapped.profile) else _outside("model", grant, table)
    undecided = ask.model.casefold() in UNDECIDED
    decided = _undecided(ask, grant, table, skipped) if undecided else None
    return decided or _unknown(ask, grant, table, tuple(skipped), undecided)


def _outside(field: str, grant: VirtualKey, table: RoutingTable) -> Refusal:
    """A confined key asked for what leads elsewhere, be it there, disabled or well."""
    usable = listing(profile.virtual_provider for profile in usable_profiles(grant, table))
    message = f"This API key is confined to some routing profiles. Usable: {usable}."
    return Refusal(403, "outside_confinement", message, field)


def _undecided(
    ask: RoutingRequest, grant: VirtualKey, table: RoutingTable, skipped: list[tuple[str, str]]
) -> Choice | None:
    """Where a request goes that leaves it to the gateway."""
    found = _by_rule(ask, grant, table, skipped)
    if found is not None:
        return found
    if grant.confined_to:
        # In the order of their names, so that the answer is the same on every node.
        usable = sorted(usable_profiles(grant, table), key=lambda one: one.name.casefold())
        return Choice(usable[0], "api_key", skipped=tuple(skipped)) if usable else None
    if table.default is None:
        return None
    return Choice(backend(table.default, table), "default", skipped=tuple(skipped))


def _by_hint(
    hint: str, ask: RoutingRequest, grant: VirtualKey, table: RoutingTable
) -> Choice | Refusal:
    """A profile by id, virtual provider or name, or else a real provider by its name."""
    profile = find_profile(hint, grant, table)
    if profile is None:
        provider = table.providers.get(hint.casefold())
        if provider is None:
            return _unknown_hint(hint, grant, table)
        if grant.confined_to:
            return _outside("routing_profile", grant, table)
        if not provider.enabled:
            return _bad_hint(f'The provider "{provider.name}" is disabled.')
        model = _model_at_backend(ask.model, provider.name, grant, table)
        return Choice(backend(provider, table), "caller_hint", model)
    if not within(grant, profile):
        return _outside("routing_profile", grant, table)
    if not profile.enabled:
        return _bad_hint(f'The routing profile "{profile.name}" is disabled.')
    return Choice(profile, "caller_hint", alias_in(ask.model, profile))


def _model_at_backend(
    model: str, provider: str, grant: VirtualKey, table: RoutingTable
) -> str | None:
    """What a model name means to a provider chosen by name; None leaves it to its default."""
    prefix, slash, rest = model.partition("/")
    if slash and prefix.casefold() == provider.casefold():
        return rest or None
    if model.casefold() in UNDECIDED:
        return None
    virtual = table.by_virtual_provider.get(prefix.casefold()) if slash else None
    return None if virtual is not None and may_use(grant, virtual) else model


def _bad_hint(message: str) -> Refusal:
    return Refusal(400, "unknown_routing_profile", message, "routing_profile")


def _unknown_hint(hint: str, grant: VirtualKey, table: RoutingTable) -> Refusal:
    profiles = [profile.virtual_provider for profile in usable_profiles(grant, table)]
    providers = [
        provider.name
        for provider in table.providers.values()
        if provider.enabled and not grant.confined_to
    ]
    usable = listing(profiles + providers)
    return _bad_hint(f'There is no routing profile "{hint}" for this key. Usable: {usable}.')


def _by_key(ask: RoutingRequest, grant: VirtualKey, table: RoutingTable) -> Choice | Refusal:
    """The profile an operator bound to the key. If it is gone, the key may go nowhere else."""
    profile = table.profiles.get(grant.profile)
    usable = profile is not None and may_use(grant, profile) and within(grant, profile)
    if profile is None or not usable or not profile.enabled:
        message = "The routing profile bound to this API key is not available."
        return Refusal(503, "bound_profile_unavailable", message)
    return Choice(profile, "api_key", alias_in(ask.model, profile))


def _by_name(model: str, grant: VirtualKey, table: RoutingTable) -> Choice | Refusal | None:
    """`virtual_provider/alias` or `provider/model`. No name is both, so neither hides the other."""
    prefix, slash, rest = model.partition("/")
    if not slash:
        return None
    key = prefix.casefold()
    profile = table.by_virtual_provider.get(key)
    if profile is not None and may_use(grant, profile):
        if not within(grant, profile):
            return _outside("model", grant, table)
        if not profile.enabled:
            message = f'The model "{model}" is out of service: its routing profile is disabled.'
            return Refusal(404, "model_not_found", message, "model")
        return Choice(profile, "virtual_model", rest or None)
    provider = table.providers.get(key)
    if provider is None:
        return None
    if grant.confined_to:
        return _outside("model", grant, table)
    return Choice(backend(provider, table), "provider_model", rest or None)


def _by_mapping(
    model: str, grant: VirtualKey, table: RoutingTable, skipped: list[tuple[str, str]]
) -> Choice | None:
    """The first mapping that leads somewhere, be it out of what the key is confined to."""
    if not model:
        return None
    if grant.confined_to:
        grant = replace(grant, confined_to=frozenset())
    for mapping in table.mappings:
        if not mappings.matches(mapping, model):
            continue
        found = _destination(mapping.destination, grant, table)
        if isinstance(found, Choice):
            return Choice(found.profile, "model_mapping", found.alias, tuple(skipped))
        skipped.append((f"model_mapping:{mapping.pattern}", found))
    return None


def _destination(name: str, grant: VirtualKey, table: RoutingTable) -> Choice | str:
    """Where a mapping leads, or why it leads nowhere."""
    found = _by_name(name, grant, table)
    if isinstance(found, Choice):
        return found
    if isinstance(found, Refusal):
        return f'The routing profile of "{name}" is disabled.'
    profile = find_profile(name, grant, table)
    if profile is not None:
        return Choice(profile, "") if profile.enabled else _why_not(name, grant, table)
    provider = table.providers.get(name.casefold())
    if provider is not None:
        return Choice(backend(provider, table), "")
    return _why_not(name, grant, table)


def _by_rule(
    ask: RoutingRequest, grant: VirtualKey, table: RoutingTable, skipped: list[tuple[str, str]]
) -> Choice | None:
    for rule in table.rules:
        if not rule.enabled or not heuristics.matches(rule, ask.features):
            continue
        profile = find_profile(rule.profile, grant, table)
        if profile is not None and profile.enabled and within(grant, profile):
            reason = f"heuristic_rule:{rule.name}"
            return Choice(profile, reason, None, tuple(skipped))
        skipped.append((f"heuristic_rule:{rule.name}", _why_not(rule.profile, grant, table)))
    return None


def _why_not(handle: str, grant: VirtualKey, table: RoutingTable) -> str:
    """Why a profile that a rule or mapping names is not used, for operators."""
    profile = find_profile(handle, grant, table)
    if profile is not None and not within(grant, profile):
        return f'The API key is confined to other routing profiles than "{handle}".'
    if profile is not None:
        return f'The routing profile "{handle}" is disabled.'
    if handle.casefold() in table.by_handle:
        return f'The routing profile "{handle}" belongs to another API key.'
    return f'There is no routing profile "{handle}".'


def _unknown(
    ask: RoutingRequest, grant: VirtualKey, table: RoutingTable, skipped: Skipped, undecided: bool
) -> Choice | Refusal:
    """Local inference takes what has no mapping while cloud routing is on; else it is a 404."""
    what = f'no mapping for "{ask.model}"' if not undecided else "no model named and no default"
    free = table.cloud_enabled and not grant.confined_to
    if free and local_candidate(ask, None, grant, table) is not None:
        warning = f"{what}: local inference takes it"
        return Choice(NO_ROUTE, "default", None, skipped, warning)
    known = listing(model.id for model in listed_models(table, grant))
    if undecided:
        message = f"The request names no model and there is no default. Models: {known}."
        return Refusal(404, "model_not_found", message, "model")
    message = f'The model "{ask.model}" does not exist. Models: {known}.'
    return Refusal(404, "model_not_found", message, "model")
