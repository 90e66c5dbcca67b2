"""What becomes of a profile's targets as things stand, for badges. Plain values, no IO."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

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
        found.append(Badge("disabled", "default", "The target is switched off."))
    if provider is None:
        detail = f'There is no provider "{target.provider}".'
        return [*found, Badge("not configured", "danger", detail)]
    if not provider.enabled:
        detail = f'"{provider.name}" is switched off.'
        found.append(Badge("provider disabled", "warning", detail))
    if profile.local_only and not provider.is_local:
        detail = "It is not local, and the profile is local_only."
        found.append(Badge("local only", "warning", detail))
    if not cloud and not provider.is_local:
        found.append(Badge("cloud off", "warning", "Cloud routing is off, so it is skipped."))
    kind = kind_named(provider.kind)
    if target.request_types and kind and not any(map(kind.serves, target.request_types)):
        detail = f"{kind.label} serves none of its request types."
        found.append(Badge("request types", "danger", detail))
    if found:
        return found
    if provider.is_local:
        return [Badge("local", "success", "Stays within your walls.")]
    return [Badge("cloud", "info", "Requests leave your walls.")]


def profile_badge(
    profile: RoutingProfile,
    targets: Iterable[RoutingTarget],
    providers: Providers,
    cloud: bool,
    installation: str = ALWAYS,
) -> Badge:
    """Where requests of the profile end up; `installation` is its mode of local fallback."""
    if not profile.enabled:
        return Badge("disabled", "default", "The profile is switched off.")
    badges = [target_badge(target, profile, providers, cloud) for target in targets]
    tones = {badge.tone for badge in badges}
    live = tones & {"success", "info"}
    if live:
        words = {"success": "local", "info": "cloud"}
        text = " and ".join(words[tone] for tone in ("success", "info") if tone in live)
        return Badge(text, "success")
    if mode_of(installation, profile.local_fallback).mode != ALWAYS:
        return Badge("unreachable", "danger", "No target can be used, and nothing takes over.")
    return Badge(
        "falls to local", "warning", "No target can be used: local inference answers instead."
    )
