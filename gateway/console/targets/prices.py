"""A target without a known price, where the strategy goes by prices."""

from __future__ import annotations

from django.utils.translation import gettext as _

from gateway.console.targets.badges import Badge
from governance import snapshot
from governance.models import Provider, RoutingProfile, RoutingTarget
from governance.strategies import strategy_named


def price_badges(target: RoutingTarget, profile: RoutingProfile, provider: Provider) -> list[Badge]:
    """Prices are those in force, an operator's own before the public ones."""
    model = target.model or provider.default_model
    if not (model and strategy_named(profile.strategy).reads_prices):
        return []
    table = snapshot.current()
    entry = table.providers.get(provider.name.casefold())
    if entry is None or table.expected_cost(entry, model, 1, 1) is not None:
        return []
    detail = _(
        "No price of its model is known, so it is tried after those with one. Enter its price "
        "under Prices."
    )
    return [Badge(_("no price"), "warning", detail)]
