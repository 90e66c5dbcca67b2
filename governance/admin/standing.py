"""What becomes of a profile's targets as things stand, for badges. Plain values, no IO."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from governance.models import Provider, RoutingProfile, RoutingTarget

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
    """Whether requests can reach the target, and if not why not."""
    provider = providers.get(target.provider.casefold())
    if not target.enabled:
        return Badge("disabled", "default", "The target is switched off.")
    if provider is None:
        return Badge("not configured", "danger", f'There is no provider "{target.provider}".')
    if not provider.enabled:
        return Badge("provider disabled", "warning", f'"{provider.name}" is switched off.')
    if provider.is_local:
        return Badge("local", "success", "Stays within your walls.")
    if profile.local_only:
        return Badge("local only", "warning", "It is not local, and the profile is local_only.")
    if not cloud:
        return Badge("cloud off", "warning", "Cloud routing is off, so it is skipped.")
    return Badge("cloud", "info", "Requests leave your walls.")


def profile_badge(
    profile: RoutingProfile, targets: Iterable[RoutingTarget], providers: Providers, cloud: bool
) -> Badge:
    """Where requests of the profile end up."""
    if not profile.enabled:
        return Badge("disabled", "default", "The profile is switched off.")
    badges = [target_badge(target, profile, providers, cloud) for target in targets]
    tones = {badge.tone for badge in badges}
    live = tones & {"success", "info"}
    if live:
        words = {"success": "local", "info": "cloud"}
        text = " and ".join(words[tone] for tone in ("success", "info") if tone in live)
        return Badge(text, "success")
    if profile.local_fallback == "never":
        return Badge("unreachable", "danger", "No target can be used, and nothing takes over.")
    return Badge(
        "falls to local", "warning", "No target can be used: local inference answers instead."
    )
