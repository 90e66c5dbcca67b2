"""Finding profiles and providers by the names callers and operators use for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from governance.routing.table import Profile, ProviderEntry, RoutingTable, Target, VirtualKey
from governance.texts import gettext

LISTED: int = 20
"""How many names a message lists before it says how many more there are."""


def may_use(virtual_key: VirtualKey, profile: Profile) -> bool:
    """Whether the key may use the profile: those bound to a key are for that key alone."""
    return not profile.virtual_key_id or profile.virtual_key_id == virtual_key.id


def within(virtual_key: VirtualKey, profile: Profile) -> bool:
    """Whether the profile is one of those the key is confined to; real providers never are."""
    return not virtual_key.confined_to or profile.id in virtual_key.confined_to


def find_profile(handle: str, virtual_key: VirtualKey, table: RoutingTable) -> Profile | None:
    """The profile of this id, virtual provider or name among those the key may use.

    What another key alone may use does not exist for this one, nor does it hide what shares a
    name with it.
    """
    key = handle.casefold()
    profile = table.by_handle.get(key)
    if profile is None or may_use(virtual_key, profile):
        return profile
    usable = [other for other in table.profiles.values() if may_use(virtual_key, other)]
    for name in ("id", "virtual_provider", "name"):
        for other in usable:
            if getattr(other, name).casefold() == key:
                return other
    return None


def backend(provider: ProviderEntry, table: RoutingTable) -> Profile:
    """A profile with the provider as its only target, for callers who name it directly."""
    key = ("backend", provider.name)
    profile: Profile | None = table.memo.get(key)
    if profile is None:
        target = Target(provider=provider.name, capabilities=provider.capabilities)
        profile = Profile(
            id="",
            name=provider.name,
            virtual_provider=provider.name,
            targets=(target,),
            implicit=True,
        )
        table.memo.put(key, profile)
    return profile


def aliases(profile: Profile) -> list[str]:
    """The named virtual models of a profile, as written, in the order of its targets."""
    named = (target.virtual_model for target in profile.targets)
    return [alias for alias in named if alias and alias != "*"]


def alias_in(model: str, profile: Profile) -> str | None:
    """The alias that a model name means to a profile chosen by other means.

    `light/large` means `large` to the profile whose virtual provider is `light`, and so does
    `large` alone if the profile has that alias. Anything else means no alias in particular.
    """
    prefix, slash, rest = model.partition("/")
    if slash and prefix.casefold() == profile.virtual_provider.casefold():
        return rest or None
    key = model.casefold()
    return model if any(alias.casefold() == key for alias in aliases(profile)) else None


def usable_profiles(virtual_key: VirtualKey, table: RoutingTable) -> Iterator[Profile]:
    """Enabled profiles the key may use."""
    for profile in table.profiles.values():
        if profile.enabled and may_use(virtual_key, profile) and within(virtual_key, profile):
            yield profile


def listing(names: Iterable[str]) -> str:
    """Names for a message: sorted, the first twenty, then how many more."""
    ordered = sorted(set(names))
    shown = ", ".join(ordered[:LISTED]) or "none"
    more = len(ordered) - LISTED
    return (
        (gettext("%(shown)s and %(more)s more") % {"shown": shown, "more": more})
        if more > 0
        else shown
    )
