"""What an operator should look at first, worst first. Plain values, no IO."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext

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
            gettext("The credential of %(name)s cannot be read") % {"name": name},
            gettext(
                "None of the keys in POINTSMAN_ENCRYPTION_KEYS opens it. Bring the old "
                "key back, or enter the credential again."
            ),
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
            title = gettext("%(name)s refuses this gateway") % {"name": provider.name}
            detail = gettext(
                "It answered %(code)s: credential, model name or account are wrong."
            ) % {"code": code}
        else:
            title = gettext("%(name)s is failing") % {"name": provider.name}
            detail = gettext(
                "%(failed)s of the last %(tried)s attempts failed, the latest: %(code)s."
            ) % {"failed": trouble.failed, "tried": trouble.tried, "code": code}
        yield Attention("bad", "provider_failing", title, detail, "provider", provider.name)


def _defaults(table: RoutingTable) -> Iterator[Attention]:
    if not any(provider.enabled for provider in table.providers.values()):
        yield Attention(
            "bad",
            "no_provider",
            gettext("There is no provider to answer requests"),
            gettext("Add one, or switch one on."),
            "provider",
        )
    elif table.default is None:
        yield Attention(
            "warn",
            "default_missing",
            gettext("No provider is the default"),
            gettext(
                "Requests that name no model and match no rule are refused. Mark one as default."
            ),
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
        outcome = gettext("Its requests fall to %(name)s on this machine.") % {
            "name": table.local_default.name
        }
    else:
        outcome = gettext("Its requests are refused.")
    if cloud:
        code, title = (
            "cloud_only",
            gettext("%(name)s leads only to the cloud, which is off") % {"name": profile.name},
        )
        outcome += gettext(
            " Cloud routing is switched on with POINTSMAN_ENABLE_CLOUD_ROUTING=true."
        )
    else:
        code, title = (
            "no_live_target",
            gettext("%(name)s has no target that can answer") % {"name": profile.name},
        )
        outcome += gettext(" Its targets are switched off, or their providers are missing or off.")
    return Attention("warn" if falls else "bad", code, title, outcome, "profile", profile.id)
