"""A target without a known price says so, where the strategy goes by prices."""

from __future__ import annotations

import pytest

from gateway.console.targets.prices import price_badges
from governance import snapshot
from governance.models import Provider, RoutingProfile, RoutingTarget
from governance.routing.table import RoutingTable
from tests.governance.routing.build import cloud, table


@pytest.mark.parametrize(
    ("strategy", "model", "words"),
    [
        ("cheapest", "known", []),
        ("cheapest", "secret", ["no price"]),
        ("cheapest", "", []),
        ("weighted", "secret", []),
    ],
)
def test_who_has_no_price(strategy: str, model: str, words: list[str]) -> None:
    prices = {"known": 0.1}
    snapshot.install(
        table(cloud("lab"), expected_cost=lambda provider, name, *tokens: prices.get(name))
    )
    try:
        target = RoutingTarget(
            profile=RoutingProfile(strategy=strategy), provider="Lab", model=model
        )
        found = price_badges(target, target.profile, Provider(name="lab", kind="openai"))
        assert [one.text for one in found] == words
    finally:
        snapshot.install(RoutingTable())
