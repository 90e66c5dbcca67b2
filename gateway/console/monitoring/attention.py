"""What an operator should look at first, worst first. Plain values, no IO."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from gateway.console.monitoring.troubles import Recent
from governance.routing.fallback import applies
from governance.routing.fallback_modes import ALWAYS
from governance.routing.table import ANONYMOUS, Profile, RoutingTable
from governance.routing.verdicts import unavailable_reason

ORDER: Final = ("bad", "warn", "info")


@dataclass(frozen=True, slots=True)
class Attention:
    """One thing to look at."""

    level: str
    """`bad`: requests fail. `warn`: they may, or go another way. `info`: good to know."""
    code: str
    """A short stable word."""
    title: str
    detail: str
    kind: str = ""
    """What it is about: `provider`, `profile`, `engine`, or nothing in particular."""
    subject: str = ""
    """Name of the provider or id of the profile."""


def attention(
    table: RoutingTable, troubles: Iterable[Recent] = (), unreadable: Iterable[str] = ()
) -> list[Attention]:
    """`unreadable`: names of providers whose credential no key of the ring opens."""
    return in_order(
        (
            *_unreadable(unreadable),
            *_failing(table, troubles),
            *_defaults(table),
            *_profiles(table),
        )
    )


def in_order(found: Iterable[Attention]) -> list[Attention]:
    """The worst first."""
    return sorted(found, key=lambda one: ORDER.index(one.level))


def _unreadable(names: Iterable[str]) -> Iterator[Attention]:
    for name in names:
        yield Attention(
            "bad",
            "credential_unreadable",
            f"The credential of {name} cannot be read",
            "None of the keys in POINTSMAN_ENCRYPTION_KEYS opens it. Bring the old key back, or "
            "enter the credential again.",
            "provider",
            name,
        )


def _failing(table: RoutingTable, troubles: Iterable[Recent]) -> Iterator[Attention]:
    for trouble in troubles:
        provider = table.providers.get(trouble.provider.casefold())
        if provider is None or not provider.enabled:
            continue
        code = trouble.code.replace("_", " ")
        if trouble.refused:
            title = f"{provider.name} refuses this gateway"
            detail = f"It answered {code}: credential, model name or account are wrong."
        else:
            title = f"{provider.name} is failing"
            detail = (
                f"{trouble.failed} of the last {trouble.tried} attempts failed, the latest: {code}."
            )
        yield Attention("bad", "provider_failing", title, detail, "provider", provider.name)


def _defaults(table: RoutingTable) -> Iterator[Attention]:
    if not any(provider.enabled for provider in table.providers.values()):
        yield Attention(
            "bad",
            "no_provider",
            "There is no provider to answer requests",
            "Add one, or switch one on.",
            "provider",
        )
    elif table.default is None:
        yield Attention(
            "warn",
            "default_missing",
            "No provider is the default",
            "Requests that name no model and match no rule are refused. Mark one as default.",
            "provider",
        )


def _profiles(table: RoutingTable) -> Iterator[Attention]:
    for profile in table.profiles.values():
        if not profile.enabled:
            continue
        obstacles = [
            "target_disabled" if not target.enabled else _obstacle(target.provider, profile, table)
            for target in profile.targets
        ]
        if any(one is None for one in obstacles):
            continue
        falls = applies(profile, ANONYMOUS, table).mode == ALWAYS and bool(table.local_default)
        yield _stranded(profile, "cloud_routing_disabled" in obstacles, falls, table)


def _obstacle(provider: str, profile: Profile, table: RoutingTable) -> str | None:
    found = unavailable_reason(provider, profile, ANONYMOUS, table)
    return None if found is None else found[0]


def _stranded(profile: Profile, cloud: bool, falls: bool, table: RoutingTable) -> Attention:
    """A profile none of whose targets can be tried."""
    if falls and table.local_default is not None:
        outcome = f"Its requests fall to {table.local_default.name} on this machine."
    else:
        outcome = "Its requests are refused."
    if cloud:
        code, title = "cloud_only", f"{profile.name} leads only to the cloud, which is off"
        outcome += " Cloud routing is switched on with POINTSMAN_ENABLE_CLOUD_ROUTING=true."
    else:
        code, title = "no_live_target", f"{profile.name} has no target that can answer"
        outcome += " Its targets are switched off, or their providers are missing or off."
    return Attention("warn" if falls else "bad", code, title, outcome, "profile", profile.id)
