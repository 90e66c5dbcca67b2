"""What holds for every plan, and what a table remembers of them."""

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from governance.routing.breaker import HEALTHY, HealthStatus
from governance.routing.resolve import route
from governance.routing.table import ANONYMOUS, RateLimit, VirtualKey
from tests.governance.routing.build import (
    Standings,
    chain,
    cloud,
    local,
    plan,
    profile,
    routing_request,
    table,
    target,
)
from tests.governance.routing.strategies import asks, healths, tables, virtual_keys


class TestMemo:
    def test_the_same_question_is_worked_out_once(self):
        where = table(local(), profile(target()))
        assert (
            plan(routing_request("light/x"), where).verdicts
            is plan(routing_request("light/x"), where).verdicts
        )

    def test_what_differs_is_kept_apart(self):
        """By alias, needs, request type and what the key demands."""
        where = table(
            local(), cloud(), profile(target("openai", ""), target(), strategy="weighted")
        )
        strict = VirtualKey("k", "k", frozenset(), local_only=True, local_fallback="never")
        for request, virtual_key in [
            (routing_request("light/a"), ANONYMOUS),
            (routing_request("light/b"), ANONYMOUS),
            (routing_request("light/a"), strict),
            (routing_request("light/a", request_type="embeddings"), ANONYMOUS),
        ] * 2:
            fresh = replace(where)
            assert chain(plan(request, where, virtual_key)) == chain(
                plan(request, fresh, virtual_key)
            )

    def test_a_report_that_is_below_every_threshold_changes_no_plan(self):
        """Nor costs it the look at every target: the plan is the one of those that report none."""
        where = table(local(), profile(target(rate_limit=RateLimit(token_percent=80.0))))
        first = plan(routing_request("light/x"), where)
        for percent, same in [(79.9, True), (80.0, False), (0.0, True)]:
            health = Standings({("mlx", "m"): HealthStatus(token_percent=percent)})
            assert (plan(routing_request("light/x"), where, health=health) is first) == same

    def test_names_that_callers_invent_do_not_fill_the_memory(self):
        where = table(local(), profile(target()))
        for number in range(10_000):
            plan(routing_request(f"light/{number}"), where)
        assert len(where.memo) <= 4096


@settings(max_examples=300)
@given(asks, virtual_keys, tables(), healths, st.floats(0, 20), st.integers(0, 2**32))
def test_what_must_hold_for_every_plan(request, virtual_key, where, health, now, seed):
    """No byte leaves against the rules, nothing is lost, and an empty plan says why."""
    decided = route(request, virtual_key, where, health, now, random.Random(seed))
    assert bool(decided.candidates) == (decided.refusal is None)
    for one in decided.candidates:
        assert one.provider.enabled
        assert one.model
        if not one.provider.is_local:
            assert where.cloud_enabled
            assert not virtual_key.local_only
            assert not decided.profile.local_only
    kept = [one.target for one in decided.verdicts if one.kept]
    tried = [one.target for one in decided.candidates if one.target is not None]
    assert sorted(map(id, kept)) == sorted(map(id, tried))
    assert [one.target for one in decided.verdicts] == list(
        decided.profile.targets if decided.profile else ()
    )
    assert all(one.detail for one in decided.verdicts if not one.kept)
    fallbacks = [one for one in decided.candidates if one.is_local_fallback]
    assert fallbacks == list(decided.candidates[len(tried) :])
    assert len(fallbacks) <= 1
    if "never" in (virtual_key.local_fallback, decided.profile and decided.profile.local_fallback):
        assert not fallbacks
    if decided.profile and decided.profile.strategy == "ordered_failover":
        demoted = {id(one.target) for one in decided.verdicts if one.demoted}
        order = [(id(one) in demoted, one.priority, -one.weight, one.position) for one in tried]
        assert order == sorted(order)


@given(asks, virtual_keys, tables(), st.lists(healths, max_size=3), st.integers(0, 2**32))
def test_a_table_that_remembers_answers_like_a_new_one(request, virtual_key, where, moments, seed):
    def once(place, health):
        return route(request, virtual_key, place, health, 1.0, random.Random(seed))

    for health in (HEALTHY, *moments, *moments, HEALTHY):
        assert once(where, health) == once(replace(where), health)
