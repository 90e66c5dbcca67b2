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
from governance.routing.plan import ProfileChoice, Refusal
from governance.routing.request import RoutingRequest
from governance.routing.table import Profile, RoutingTable, VirtualKey
from governance.texts import gettext

UNDECIDED: Final = frozenset({"", "auto"})
"""Models that leave the decision to the policy."""

NO_ROUTE: Final = Profile(id="", name="", virtual_provider="", targets=(), implicit=True)
"""Stands where nothing was found; without targets, all it leads to is the local fallback."""

Skipped = tuple[tuple[str, str], ...]


def choose(
    routing_request: RoutingRequest, virtual_key: VirtualKey, table: RoutingTable
) -> ProfileChoice | Refusal:
    """The profile for a request, or why there is none.

    In this order: the caller's hint, the profile bound to the key, `virtual_provider/alias`,
    `provider/model`, model mappings, then heuristic rules and the default where the model is
    `auto` or absent.
    """
    if routing_request.profile_hint is not None:
        return _by_hint(routing_request.profile_hint, routing_request, virtual_key, table)
    if virtual_key.profile:
        return _by_key(routing_request, virtual_key, table)
    named = _by_name(routing_request.model, virtual_key, table)
    if named is not None:
        return named
    skipped: list[tuple[str, str]] = []
    mapped = _by_mapping(routing_request.model, virtual_key, table, skipped)
    if mapped is not None:
        return (
            mapped if within(virtual_key, mapped.profile) else _outside("model", virtual_key, table)
        )
    undecided = routing_request.model.casefold() in UNDECIDED
    decided = _undecided(routing_request, virtual_key, table, skipped) if undecided else None
    return decided or _unknown(routing_request, virtual_key, table, tuple(skipped), undecided)


def _outside(field: str, virtual_key: VirtualKey, table: RoutingTable) -> Refusal:
    """A confined key asked for what leads elsewhere, be it there, disabled or well."""
    usable = listing(profile.virtual_provider for profile in usable_profiles(virtual_key, table))
    message = gettext("This API key is confined to some routing profiles. Usable: %(usable)s.") % {
        "usable": usable
    }
    return Refusal(403, "outside_confinement", message, field)


def _undecided(
    routing_request: RoutingRequest,
    virtual_key: VirtualKey,
    table: RoutingTable,
    skipped: list[tuple[str, str]],
) -> ProfileChoice | None:
    """Where a request goes that leaves it to the gateway."""
    found = _by_rule(routing_request, virtual_key, table, skipped)
    if found is not None:
        return found
    if virtual_key.confined_to:
        # In the order of their names, so that the answer is the same on every node.
        usable = sorted(usable_profiles(virtual_key, table), key=lambda one: one.name.casefold())
        return ProfileChoice(usable[0], "api_key", skipped=tuple(skipped)) if usable else None
    if table.default is None:
        return None
    return ProfileChoice(backend(table.default, table), "default", skipped=tuple(skipped))


def _by_hint(
    profile_hint: str, routing_request: RoutingRequest, virtual_key: VirtualKey, table: RoutingTable
) -> ProfileChoice | Refusal:
    """A profile by id, virtual provider or name, or else a real provider by its name."""
    profile = find_profile(profile_hint, virtual_key, table)
    if profile is None:
        provider = table.providers.get(profile_hint.casefold())
        if provider is None:
            return _unknown_hint(profile_hint, virtual_key, table)
        if virtual_key.confined_to:
            return _outside("routing_profile", virtual_key, table)
        if not provider.enabled:
            return _bad_hint(
                gettext('The provider "%(name)s" is disabled.') % {"name": provider.name}
            )
        model = _model_at_backend(routing_request.model, provider.name, virtual_key, table)
        return ProfileChoice(backend(provider, table), "caller_hint", model)
    if not within(virtual_key, profile):
        return _outside("routing_profile", virtual_key, table)
    if not profile.enabled:
        return _bad_hint(
            gettext('The routing profile "%(name)s" is disabled.') % {"name": profile.name}
        )
    return ProfileChoice(profile, "caller_hint", alias_in(routing_request.model, profile))


def _model_at_backend(
    model: str, provider: str, virtual_key: VirtualKey, table: RoutingTable
) -> str | None:
    """What a model name means to a provider chosen by name; None leaves it to its default."""
    prefix, slash, rest = model.partition("/")
    if slash and prefix.casefold() == provider.casefold():
        return rest or None
    if model.casefold() in UNDECIDED:
        return None
    virtual = table.by_virtual_provider.get(prefix.casefold()) if slash else None
    return None if virtual is not None and may_use(virtual_key, virtual) else model


def _bad_hint(message: str) -> Refusal:
    return Refusal(400, "unknown_routing_profile", message, "routing_profile")


def _unknown_hint(profile_hint: str, virtual_key: VirtualKey, table: RoutingTable) -> Refusal:
    profiles = [profile.virtual_provider for profile in usable_profiles(virtual_key, table)]
    providers = [
        provider.name
        for provider in table.providers.values()
        if provider.enabled and not virtual_key.confined_to
    ]
    usable = listing(profiles + providers)
    return _bad_hint(
        gettext('There is no routing profile "%(profile_hint)s" for this key. Usable: %(usable)s.')
        % {"profile_hint": profile_hint, "usable": usable}
    )


def _by_key(
    routing_request: RoutingRequest, virtual_key: VirtualKey, table: RoutingTable
) -> ProfileChoice | Refusal:
    """The profile an operator bound to the key. If it is gone, the key may go nowhere else."""
    profile = table.profiles.get(virtual_key.profile)
    usable = profile is not None and may_use(virtual_key, profile) and within(virtual_key, profile)
    if profile is None or not usable or not profile.enabled:
        message = gettext("The routing profile bound to this API key is not available.")
        return Refusal(503, "bound_profile_unavailable", message)
    return ProfileChoice(profile, "api_key", alias_in(routing_request.model, profile))


def _by_name(
    model: str, virtual_key: VirtualKey, table: RoutingTable
) -> ProfileChoice | Refusal | None:
    """`virtual_provider/alias` or `provider/model`. No name is both, so neither hides the other."""
    prefix, slash, rest = model.partition("/")
    if not slash:
        return None
    key = prefix.casefold()
    profile = table.by_virtual_provider.get(key)
    if profile is not None and may_use(virtual_key, profile):
        if not within(virtual_key, profile):
            return _outside("model", virtual_key, table)
        if not profile.enabled:
            message = gettext(
                'The model "%(model)s" is out of service: its routing profile is disabled.'
            ) % {"model": model}
            return Refusal(404, "model_not_found", message, "model")
        return ProfileChoice(profile, "virtual_model", rest or None)
    provider = table.providers.get(key)
    if provider is None:
        return None
    if virtual_key.confined_to:
        return _outside("model", virtual_key, table)
    return ProfileChoice(backend(provider, table), "provider_model", rest or None)


def _by_mapping(
    model: str, virtual_key: VirtualKey, table: RoutingTable, skipped: list[tuple[str, str]]
) -> ProfileChoice | None:
    """The first mapping that leads somewhere, be it out of what the key is confined to."""
    if not model:
        return None
    if virtual_key.confined_to:
        virtual_key = replace(virtual_key, confined_to=frozenset())
    for mapping in table.mappings:
        if not mappings.matches(mapping, model):
            continue
        found = _destination(mapping.destination, virtual_key, table)
        if isinstance(found, ProfileChoice):
            return ProfileChoice(found.profile, "model_mapping", found.alias, tuple(skipped))
        skipped.append((f"model_mapping:{mapping.pattern}", found))
    return None


def _destination(name: str, virtual_key: VirtualKey, table: RoutingTable) -> ProfileChoice | str:
    """Where a mapping leads, or why it leads nowhere."""
    found = _by_name(name, virtual_key, table)
    if isinstance(found, ProfileChoice):
        return found
    if isinstance(found, Refusal):
        return gettext('The routing profile of "%(name)s" is disabled.') % {"name": name}
    profile = find_profile(name, virtual_key, table)
    if profile is not None:
        return ProfileChoice(profile, "") if profile.enabled else _why_not(name, virtual_key, table)
    provider = table.providers.get(name.casefold())
    if provider is not None:
        return ProfileChoice(backend(provider, table), "")
    return _why_not(name, virtual_key, table)


def _by_rule(
    routing_request: RoutingRequest,
    virtual_key: VirtualKey,
    table: RoutingTable,
    skipped: list[tuple[str, str]],
) -> ProfileChoice | None:
    for rule in table.rules:
        if not rule.enabled or not heuristics.matches(rule, routing_request.features):
            continue
        profile = find_profile(rule.profile, virtual_key, table)
        if profile is not None and profile.enabled and within(virtual_key, profile):
            reason = f"heuristic_rule:{rule.name}"
            return ProfileChoice(profile, reason, None, tuple(skipped))
        skipped.append((f"heuristic_rule:{rule.name}", _why_not(rule.profile, virtual_key, table)))
    return None


def _why_not(handle: str, virtual_key: VirtualKey, table: RoutingTable) -> str:
    """Why a profile that a rule or mapping names is not used, for operators."""
    profile = find_profile(handle, virtual_key, table)
    if profile is not None and not within(virtual_key, profile):
        return gettext('The API key is confined to other routing profiles than "%(handle)s".') % {
            "handle": handle
        }
    if profile is not None:
        return gettext('The routing profile "%(handle)s" is disabled.') % {"handle": handle}
    if handle.casefold() in table.by_handle:
        return gettext('The routing profile "%(handle)s" belongs to another API key.') % {
            "handle": handle
        }
    return gettext('There is no routing profile "%(handle)s".') % {"handle": handle}


def _unknown(
    routing_request: RoutingRequest,
    virtual_key: VirtualKey,
    table: RoutingTable,
    skipped: Skipped,
    undecided: bool,
) -> ProfileChoice | Refusal:
    """Local inference takes what has no mapping while cloud routing is on; else it is a 404."""
    what = (
        (gettext('no mapping for "%(model)s"') % {"model": routing_request.model})
        if not undecided
        else gettext("no model named and no default")
    )
    free = table.cloud_enabled and not virtual_key.confined_to
    fallback = local_candidate(routing_request, None, virtual_key, table) if free else None
    if fallback is not None and not fallback.only_unreachable:
        warning = gettext("%(what)s: local inference takes it") % {"what": what}
        return ProfileChoice(NO_ROUTE, "default", None, skipped, warning)
    known = listing(model.id for model in listed_models(table, virtual_key))
    if undecided:
        message = gettext(
            "The request names no model and there is no default. Models: %(known)s."
        ) % {"known": known}
        return Refusal(404, "model_not_found", message, "model")
    message = gettext('The model "%(model)s" does not exist. Models: %(known)s.') % {
        "model": routing_request.model,
        "known": known,
    }
    return Refusal(404, "model_not_found", message, "model")
