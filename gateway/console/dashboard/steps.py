"""What to do next on a new installation. Plain values, no IO."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext, gettext_lazy

from governance.defaults import PROFILE, PROVIDERS
from governance.routing.table import RoutingTable


@dataclass(frozen=True, slots=True)
class InstallationFacts:
    """What the steps look at beside the table."""

    answered: bool
    """Some request was answered."""
    key_used: bool
    """Some API key was used."""
    keys: int


@dataclass(frozen=True, slots=True)
class Step:
    code: str
    title: str
    detail: str
    done: bool


RULES: Final = gettext_lazy(
    "The shipped rules wake up when there are profiles named “fast” and “capable”."
)


def steps(table: RoutingTable, facts: InstallationFacts) -> list[Step]:
    """In the order to take them."""
    embedded = {provider["name"] for provider in PROVIDERS.values()}
    others = [name for name in table.providers if name not in embedded]
    cloud = any(not provider.is_local for provider in table.providers.values())
    found = [
        Step(
            "talk",
            gettext("Talk to a model"),
            gettext("The playground sends a request as callers do and shows what happens to it."),
            facts.answered,
        ),
        Step(
            "provider",
            gettext("Connect a provider"),
            gettext(
                "A cloud, or another server of yours that speaks OpenAI's or Anthropic's protocol."
            ),
            bool(others),
        ),
        Step(
            "profile",
            gettext("Make a routing profile"),
            gettext("One name for callers, and the targets behind it, with failover. %(rules)s")
            % {"rules": RULES},
            any(identity != PROFILE["id"] for identity in table.profiles),
        ),
        Step(
            "key",
            gettext("Give an application its key"),
            gettext("It is shown once. Point the application's base URL here; that is all."),
            facts.keys > 1 or facts.key_used,
        ),
    ]
    if cloud:
        found.insert(2, _switch(table))
    return found


def _switch(table: RoutingTable) -> Step:
    return Step(
        "cloud",
        gettext("Switch cloud routing on"),
        gettext(
            "Nothing leaves this machine until the service is started with "
            "POINTSMAN_ENABLE_CLOUD_ROUTING=true."
        ),
        table.cloud_enabled,
    )
