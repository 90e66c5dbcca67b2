"""What becomes of a profile's targets as things stand, for badges. Plain values, no IO."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext

from governance.kinds import kind_named
from governance.models import Provider, RoutingProfile, RoutingTarget
from governance.routing.fallback_modes import ALWAYS, mode_of

Providers = Mapping[str, Provider]
"""By casefolded name."""


@dataclass(frozen=True, slots=True)
class Badge:
    """A few words and how good they are: `success`, `info`, `warning`, `danger`, `default`."""

    text: str
    tone: str
    detail: str = ""


def target_badge(
    target: RoutingTarget, profile: RoutingProfile, providers: Providers, cloud: bool
) -> Badge:
    """Whether requests can reach the target, and if not the first reason why not."""
    return reach_badges(target, profile, providers, cloud)[0]


def reach_badges(
    target: RoutingTarget, profile: RoutingProfile, providers: Providers, cloud: bool
) -> list[Badge]:
    """Every reason why requests skip the target; where there is none, where they go."""
    provider = providers.get(target.provider.casefold())
    found = []
    if not target.enabled:
        found.append(Badge(gettext("disabled"), "default", gettext("The target is switched off.")))
    if provider is None:
        detail = gettext('There is no provider "%(provider)s".') % {"provider": target.provider}
        return [*found, Badge(gettext("not configured"), "danger", detail)]
    if not provider.enabled:
        detail = gettext('"%(name)s" is switched off.') % {"name": provider.name}
        found.append(Badge(gettext("provider disabled"), "warning", detail))
    if profile.local_only and not provider.is_local:
        detail = gettext("It is not local, and the profile is local_only.")
        found.append(Badge(gettext("local only"), "warning", detail))
    if not cloud and not provider.is_local:
        found.append(
            Badge(
                gettext("cloud off"), "warning", gettext("Cloud routing is off, so it is skipped.")
            )
        )
    kind = kind_named(provider.kind)
    if target.request_types and kind and not any(map(kind.serves, target.request_types)):
        detail = gettext("%(label)s serves none of its request types.") % {"label": kind.label}
        found.append(Badge(gettext("request types"), "danger", detail))
    if found:
        return found
    if provider.is_local:
        return [Badge(gettext("local"), "success", gettext("Stays within your walls."))]
    return [Badge(gettext("cloud"), "info", gettext("Requests leave your walls."))]


def profile_badge(
    profile: RoutingProfile,
    targets: Iterable[RoutingTarget],
    providers: Providers,
    cloud: bool,
    installation: str = ALWAYS,
) -> Badge:
    """Where requests of the profile end up; `installation` is its mode of local fallback."""
    if not profile.enabled:
        return Badge(gettext("disabled"), "default", gettext("The profile is switched off."))
    badges = [target_badge(target, profile, providers, cloud) for target in targets]
    tones = {badge.tone for badge in badges}
    live = tones & {"success", "info"}
    if live:
        if len(live) == 2:
            return Badge(gettext("local and cloud"), "success")
        return Badge(gettext("local") if "success" in live else gettext("cloud"), "success")
    if mode_of(installation, profile.local_fallback).mode != ALWAYS:
        return Badge(
            gettext("unreachable"),
            "danger",
            gettext("No target can be used, and nothing takes over."),
        )
    return Badge(
        gettext("falls to local"),
        "warning",
        gettext("No target can be used: local inference answers instead."),
    )
