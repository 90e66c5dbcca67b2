"""What the rows of targets say beside their fields: facts and prices of the model, and its state.

The same for a row as it is saved and as it is typed, so that nothing jumps while somebody types.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from django.utils.translation import gettext as _

from gateway.console.forms.service_admin import cloud_routing
from gateway.console.monitoring.current_health import EngineState
from gateway.console.monitoring.process_health import current_health, engine_state
from gateway.console.targets.badges import Badge, Providers, reach_badges
from gateway.console.targets.cautions import cautions, is_engine
from gateway.console.targets.overridden import override_badges, override_link
from gateway.console.targets.prices import price_badges
from governance import snapshot
from governance.models import Provider, RoutingProfile, RoutingTarget
from governance.prices import price_list_of, seller_of
from governance.routing.table import ProviderEntry, RoutingTable

GOOD: Final = frozenset({"success", "info"})


@dataclass(frozen=True, slots=True)
class RowState:
    """Of one row."""

    badge: Badge
    """What matters most; the others are told where there is room."""
    badges: tuple[Badge, ...]
    facts: str
    override: str = ""
    """Where an operator drains its model, or forces the breaker."""

    def document(self) -> dict[str, Any]:
        badges = [{"text": one.text, "tone": one.tone, "detail": one.detail} for one in self.badges]
        shown = self.badges.index(self.badge)
        return {
            "facts": self.facts,
            "badges": badges,
            "shown": shown,
            "override": self.override,
        }


@dataclass
class RowStates:
    """Providers are read once, and the engine is asked only where a row leads to it."""

    table: RoutingTable = field(default_factory=snapshot.current)

    @cached_property
    def providers(self) -> Providers:
        return {row.name.casefold(): row for row in Provider.objects.all()}

    @cached_property
    def engine(self) -> EngineState:
        return engine_state()

    def of(self, target: RoutingTarget, profile: RoutingProfile) -> RowState:
        """For a target that need not be saved; `profile` is the one it stands in."""
        provider = self.providers.get(target.provider.casefold())
        if not target.provider:
            badge = Badge(_("no provider"), "default", _("The row names no provider yet."))
            return RowState(badge, (badge,), "")
        badges = reach_badges(target, profile, self.providers, cloud_routing())
        if provider is not None:
            known = self.engine if is_engine(provider) else None
            badges += cautions(target, provider, current_health(), known)
            badges += price_badges(target, profile, provider)
            badges += override_badges(target, provider)
        first = next((one for one in badges if one.tone not in GOOD), badges[0])
        link = "" if provider is None else override_link(target, provider)
        return RowState(first, tuple(badges), self.facts(target.provider, target.model), link)

    def facts(self, provider: str, model: str) -> str:
        """`128k context · $2.50 in, $10 out · vision, tools`; what is not known is left out."""
        entry = self.table.providers.get(provider.casefold())
        if entry is None:
            return ""
        name = model or entry.default_model
        if not name:
            return ""
        known = self.table.facts(entry, name)
        said = []
        if known.context_length:
            said.append(_("%(size)s context") % {"size": tokens(known.context_length)})
        price = price_of(self.table, entry, name)
        if price:
            said.append(price)
        takes = sorted(known.capabilities - {"text"})
        if takes:
            said.append(", ".join(one.replace("_", " ") for one in takes))
        return " · ".join(said)


def price_of(table: RoutingTable, provider: ProviderEntry, model: str) -> str:
    """US dollars for a million tokens; nothing where no price is known, which is not $0."""
    try:
        rates = price_list_of(table).rates(
            provider.name, seller_of(provider), model, model, time.time()
        )
    except (LookupError, ValueError):
        rates = None
    if rates is None or not rates.tokens:
        return _("no cost") if provider.is_local and rates is None else ""
    prices = {"in": dollars(rates.prompt.base), "out": dollars(rates.completion.base)}
    return _("$%(in)s in, $%(out)s out") % prices


def tokens(count: int) -> str:
    """`128k`, `1M`: as models are advertised."""
    if count >= 1_000_000:
        return f"{count / 1_000_000:.3g}M"
    return f"{count / 1000:.3g}k" if count >= 1000 else str(count)


def dollars(amount: Any) -> str:
    """Without zeros nobody reads, and with cents where there are any."""
    text = f"{float(amount):.4f}".rstrip("0").rstrip(".")
    whole, dot, cents = text.partition(".")
    return f"{whole}.{cents:0<2}" if dot else whole


def summary(
    profile: RoutingProfile, targets: Iterable[RoutingTarget], otherwise: str, strategy: Any
) -> str:
    """Where requests go, in a sentence: “gpt-4o, then gpt-4o-mini, then local.”"""
    groups: dict[str, list[RoutingTarget]] = {}
    for target in targets:
        if target.enabled and target.provider:
            alias = "" if target.virtual_model == "*" else target.virtual_model
            groups.setdefault(alias.casefold(), []).append(target)
    if not groups:
        return _("No target is switched on: %(otherwise)s.") % {"otherwise": otherwise}
    if list(groups) == [""]:
        return f"{_chain(groups[''], strategy)}, {otherwise}."
    parts = []
    for alias, members in groups.items():
        name = _("every other name") if not alias else f"{profile.virtual_provider}/{alias}"
        parts.append(f"{name}: {_chain(members, strategy)}")
    return f"{'; '.join(parts)}; {otherwise}."


def _chain(targets: Sequence[RoutingTarget], strategy: Any) -> str:
    names = [target.model or target.provider for target in targets]
    if strategy.is_fixed or len(names) == 1:
        return _(", then ").join(names)
    if strategy.reads_weight:
        whole = sum(target.weight for target in targets)
        if whole > 0 and not strategy.estimates:
            shares = (f"{target.weight / whole:.0%}".replace("%", " %") for target in targets)
            return ", ".join(f"{part} {name}" for part, name in zip(shares, names, strict=True))
    return f"{strategy.label}: {', '.join(names)}"
