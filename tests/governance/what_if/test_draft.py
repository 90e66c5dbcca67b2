"""A draft decides as it will once it is saved."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance import services, snapshot
from governance.routing.breaker import HEALTHY
from governance.routing.explain import simulate
from governance.routing.table import Profile, RoutingTable
from governance.what_if.draft import profile_of, with_profile
from tests.governance.conftest import profile_document
from tests.governance.routing.strategies import asks, tables, virtual_keys

EVERYTHING = profile_document(
    "full",
    description="All of it",
    virtual_key_id="key-1",
    enabled=False,
    strategy="weighted",
    local_fallback="never",
    local_only=True,
    targets=[
        {
            "provider": "Fast",
            "virtual_model": "small",
            "model": "m-1",
            "priority": 0,
            "weight": 0,
            "request_types": ["chat"],
            "capabilities": ["text", "vision"],
            "enabled": False,
            "rate_limit": {"request_percent_threshold": 0, "budget_percent_threshold": 80},
        },
        {"provider": "slow", "model": "m-2", "weight": 2.5},
    ],
)
NULLS = profile_document(
    "nulls",
    description=None,
    virtual_key_id=None,
    enabled=None,
    strategy=None,
    local_fallback=None,
    local_only=None,
    targets=[
        {
            "provider": "fast",
            "virtual_model": None,
            "model": None,
            "priority": None,
            "weight": None,
            "request_types": None,
            "capabilities": None,
            "enabled": None,
            "rate_limit": None,
        }
    ],
)


@pytest.fixture(autouse=True)
def clean_table() -> Iterator[None]:
    snapshot.install(RoutingTable())
    yield
    snapshot.install(RoutingTable())


@pytest.mark.django_db
@pytest.mark.parametrize("document", [profile_document(), EVERYTHING, NULLS])
def test_it_is_the_profile_that_is_loaded_after_saving(document: dict[str, Any]) -> None:
    saved = services.save_profile(document, who="ann").document
    loaded = snapshot.refresh().profiles[document["id"]]
    assert profile_of(document) == profile_of(saved) == loaded


@settings(max_examples=200)
@given(tables(), asks, virtual_keys, st.integers(0, 2**32), st.data())
def test_putting_a_profile_in_its_own_place_changes_nothing(
    table: RoutingTable, routing_request: Any, virtual_key: Any, seed: int, data: st.DataObject
) -> None:
    if not table.profiles:
        return
    profile = data.draw(st.sampled_from(list(table.profiles.values())))
    again = with_profile(table, replace(profile))
    before, after = (
        simulate(routing_request, virtual_key, one, HEALTHY, 0.0, random.Random(seed))
        for one in (table, again)
    )
    assert before == after


def test_a_new_profile_is_added_and_the_table_it_came_from_stays() -> None:
    table = RoutingTable()
    drafted = with_profile(table, profile_of(profile_document()))
    assert (len(table.profiles), len(drafted.profiles)) == (0, 1)
    assert isinstance(drafted.by_handle["light"], Profile)
