"""What a replay says of requests of the past."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.models import Interaction
from governance.routing.policy import choose
from governance.routing.request import RoutingRequest
from governance.routing.table import ANONYMOUS, VirtualKey
from governance.what_if.past import Past, last_requests, past_request
from governance.what_if.replay import FirstDestination, Replay, moves, odds, replay
from inference.record.describe import describe
from tests.governance.interactions.request_contexts import request_context
from tests.governance.interactions.rows import insert, insert_at
from tests.governance.routing.build import profile, routing_request, table, target
from tests.governance.what_if.test_rehearse import PROVIDERS, document, saved, to
from tests.support.timing import is_quick


def requests(*asks: RoutingRequest, key: str = "") -> list[Past]:
    return [Past(one, key) for one in asks]


def flows(found: Replay) -> list[tuple[str, str, float]]:
    return [(one.before.words, one.after.words, one.requests) for one in found.flows]


def test_it_says_how_many_move_and_where() -> None:
    where = table(*PROVIDERS, saved(target("a")))
    past = requests(*[routing_request("light/x")] * 3, routing_request("b/m"))
    found = replay(document(to("b", "other")), past, where)
    assert (found.requests, found.moved, found.unroutable) == (4, 3, 0)
    assert flows(found) == [("a / m", "b / other", 3)]
    shares = {one.destination.words: (one.before, one.after) for one in found.shares}
    assert shares == {"a / m": (3, 0), "b / other": (0, 3), "b / m": (1, 1)}


def test_the_same_again_moves_nothing() -> None:
    where = table(*PROVIDERS, saved(target("a"), target("b"), strategy="weighted"))
    same = document(to("a"), to("b"), strategy="weighted")
    found = replay(same, requests(*[routing_request("light/x")] * 100), where)
    assert (found.moved, found.flows) == (0, ())


def test_what_becomes_unroutable_is_counted() -> None:
    """A renamed virtual provider: its callers are refused, or local inference takes them."""
    where = table(*PROVIDERS, saved(target("a")), cloud_enabled=False)
    where = table(*PROVIDERS, saved(target("mlx")), cloud_enabled=False)
    renamed = document(to("mlx"), virtual_provider="other")
    found = replay(renamed, requests(routing_request("light/x"), routing_request("mlx/m")), where)
    assert (found.unroutable, found.routable) == (1, 0)
    assert flows(found) == [("mlx / m", "refused: model not found", 1)]
    back = replay(
        document(to("mlx")),
        requests(routing_request("light/x")),
        table(*PROVIDERS, cloud_enabled=False),
    )
    assert (back.unroutable, back.routable) == (0, 1)


def test_weights_move_the_expected_share() -> None:
    """From half and half to three quarters: one request in four moves, exactly."""
    where = table(*PROVIDERS, saved(target("a"), target("b"), strategy="weighted"))
    draft = document(to("a", weight=3), to("b", weight=1), strategy="weighted")
    found = replay(draft, requests(*[routing_request("light/x")] * 100), where)
    assert flows(found) == [("b / m", "a / m", 25)]


def test_a_key_of_the_past_counts_as_it_is_now() -> None:
    key = VirtualKey("key-1", "Build", frozenset({"inference"}), local_only=True)
    where = table(
        *PROVIDERS, saved(target("a"), target("mlx", priority=1)), virtual_keys={b"x": key}
    )
    draft = document(to("b"), to("mlx", priority=1))
    assert replay(draft, requests(routing_request("light/x"), key="key-1"), where).moved == 0
    assert replay(draft, requests(routing_request("light/x"), key="key-gone"), where).moved == 1


chances = st.dictionaries(
    st.builds(FirstDestination, provider=st.sampled_from("abcd"), model=st.sampled_from("xy")),
    st.floats(0.01, 1),
    min_size=1,
    max_size=6,
).map(lambda drawn: {place: chance / sum(drawn.values()) for place, chance in drawn.items()})


@given(chances, chances)
def test_moves_turn_the_old_odds_into_the_new_and_are_the_fewest(old: Any, new: Any) -> None:
    ways = moves(old, new)
    for place in old.keys() | new.keys():
        lost = sum(share for (before, _), share in ways.items() if before == place)
        gained = sum(share for (_, after), share in ways.items() if after == place)
        assert old.get(place, 0) - lost + gained == pytest.approx(new.get(place, 0), abs=1e-6)
        assert lost == 0 or gained == 0
    apart = sum(abs(old.get(p, 0) - new.get(p, 0)) for p in old.keys() | new.keys()) / 2
    assert sum(ways.values()) == pytest.approx(apart, abs=1e-6)


def test_odds_are_those_of_many_draws() -> None:
    where = table(*PROVIDERS, saved(target("a", weight=3), target("b"), strategy="weighted"))
    found = odds(routing_request("light/x"), ANONYMOUS, where)
    assert {place.provider: chance for place, chance in found.items()} == {"a": 0.75, "b": 0.25}


@pytest.mark.django_db
def test_interactions_become_the_asks_they_were() -> None:
    """Everything the policy looks at but the words, which are not kept."""
    original = request_context(id="one")
    insert([describe(original), describe(request_context(id="unread", routing_request=None))])
    (past,) = last_requests(10)
    assert original.routing_request is not None
    text = past.routing_request.features.last_user_text
    assert text == ""
    assert past.key_id == "key-1"
    kept = RoutingRequest(
        model=original.routing_request.model,
        request_type=original.routing_request.request_type,
        required_capabilities=original.routing_request.required_capabilities,
        profile_hint=original.routing_request.profile_hint,
        stream=original.routing_request.stream,
        features=past.routing_request.features,
    )
    assert past.routing_request == kept
    assert past.routing_request.features.last_user_characters == 36
    assert (past.routing_request.features.messages, past.routing_request.features.tools) == (3, 1)
    row = Interaction.objects.get(request_id="one")
    assert past_request(row.pk) == past
    assert past_request(Interaction.objects.get(request_id="unread").pk) is None
    assert past_request(0) is None


@pytest.mark.django_db
def test_a_hint_of_the_past_is_a_hint_again() -> None:
    hinted = RoutingRequest(model="x", profile_hint="light")
    insert([describe(request_context(routing_request=hinted))])
    (past,) = last_requests(10)
    where = table(*PROVIDERS, profile(target("a")))
    assert choose(past.routing_request, ANONYMOUS, where) == choose(hinted, ANONYMOUS, where)


@pytest.mark.django_db
def test_the_latest_come_first_and_no_more_than_asked_for() -> None:
    insert_at(*range(20))
    assert len(last_requests(7)) == 7
    assert last_requests(7, profile_id="none") == []


def test_five_thousand_requests_take_no_noticeable_time() -> None:
    """All different, so that nothing is counted together."""
    rng = random.Random(1)
    names = [f"light/{number}" for number in range(5000)]
    rng.shuffle(names)
    where = table(*PROVIDERS, saved(target("a", ""), target("b", ""), strategy="weighted"))
    draft = document(to("a", ""), to("b", "", weight=2), strategy="weighted")
    asked = requests(*map(routing_request, names))

    def seconds() -> float:
        began = time.perf_counter()
        found = replay(draft, asked, where)
        assert found.moved == pytest.approx(5000 / 6)
        return time.perf_counter() - began

    assert is_quick(seconds, 3)
