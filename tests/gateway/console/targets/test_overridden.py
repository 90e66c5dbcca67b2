"""A target whose provider was taken out of service says so."""

from __future__ import annotations

import pytest

from gateway.console.targets.overridden import override_badges
from governance import snapshot
from governance.models import Provider, RoutingTarget
from governance.routing.table import RoutingTable
from tests.governance.routing.build import cloud, table


@pytest.mark.parametrize(
    ("model", "words"), [("m", ["drained"]), ("other", ["forced open"]), ("", ["forced open"])]
)
def test_what_holds_for_the_target(db: None, model: str, words: list[str]) -> None:
    overrides = {("lab", "m"): "drain", ("lab", ""): "open"}
    snapshot.install(table(cloud("lab"), overrides=overrides))
    try:
        target = RoutingTarget(provider="Lab", model=model)
        lab = Provider.objects.create(name="Lab", kind="openai")
        found = override_badges(target, lab)
        assert [one.text for one in found] == words
        assert override_badges(target, Provider(name="far", kind="openai")) == []
    finally:
        snapshot.install(RoutingTable())
