"""Copies of requests: sent beside nobody, charged, and never in anyone's way."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from governance.interactions.ledger import add_up
from governance.limits.counting.binding import LimitIndex
from governance.limits.counting.book import LimitBook
from governance.limits.limit import LimitEntry
from governance.routing.table import RoutingTable, ShadowPolicy
from inference.dispatch.health import HealthBook
from inference.dispatch.request_limits import Limiting
from inference.dispatch.shadow import Shadows
from inference.edge.authentication import authenticate_caller
from inference.edge.inference_consumer import InferenceConsumer
from inference.endpoints.registry import BY_REQUEST_TYPE
from inference.record.content import ContentObserver
from inference.record.describe import describe
from inference.record.record import RequestContext, add_sink, remove_sink
from tests.inference.edge.asgi_caller import AUTHORIZED, AsgiCaller
from tests.inference.tables import chain, provider, rebuilt, virtual_keys
from tests.support import anthropic_shapes
from tests.support import openai_shapes as shapes
from tests.support.eventually import soon
from tests.support.upstream import Cut, Hang, Json, Sse, Upstream

CHAT: dict[str, Any] = {"model": "light/light", "messages": [{"role": "user", "content": "hi"}]}
STREAM = {**CHAT, "stream": True}
LIVE = Json(shapes.completion("live"))
COPY = Json(shapes.completion("copy", model="other"))


class World:
    """A profile over `live` whose shadow is `two/copied`, and the records of both."""

    def __init__(self, *rows: Any, percent: float = 100.0, **more: Any) -> None:
        live, shadow = rows
        table = chain(live, **more)
        profiles = [
            replace(one, shadow=ShadowPolicy("two/copied", percent))
            for one in table.profiles.values()
        ]
        self.table = rebuilt(table, providers=[live, shadow], profiles=profiles)
        self.book = HealthBook(rng=random.Random(1))
        self.limiting = Limiting(LimitBook())
        self.shadows = Shadows(self.book, random.Random(1), self.limiting)
        self.records: list[RequestContext] = []
        self.observers: tuple[Any, ...] = ()

    async def ask(self, body: dict[str, Any] = CHAT, request_type: str = "chat") -> AsgiCaller:
        app = InferenceConsumer.as_asgi(
            endpoint=BY_REQUEST_TYPE[request_type],
            table=lambda: self.table,
            authenticate=authenticate_caller,
            book=self.book,
            rng=random.Random(1),
            limiting=self.limiting,
            shadows=self.shadows,
            observers=self.observers,
        )
        caller = AsgiCaller(json.dumps(body).encode())
        await caller.call(app, AUTHORIZED)
        return caller

    async def both(self, body: dict[str, Any] = CHAT, request_type: str = "chat") -> AsgiCaller:
        """The answer, once its copy is recorded."""
        caller = await self.ask(body, request_type)
        await self.shadows.settled()
        return caller


@pytest.fixture
def one() -> Iterator[Upstream]:
    with Upstream(LIVE) as upstream:
        yield upstream


@pytest.fixture
def two() -> Iterator[Upstream]:
    with Upstream(COPY) as upstream:
        yield upstream


@pytest.fixture
def kept() -> Iterator[list[RequestContext]]:
    records: list[RequestContext] = []
    add_sink(records.append)
    yield records
    remove_sink(records.append)


async def test_it_works(one: Upstream, two: Upstream, kept: list[RequestContext]) -> None:
    """The caller gets the live answer; the copy asks for its own model and is a record of its own,
    charged to the same key."""
    world = World(provider("one", one), provider("two", two))
    caller = await world.both()
    assert b"live" in caller.body
    (asked,) = two.asked
    assert asked.body["model"] == "copied"
    assert asked.body["messages"] == CHAT["messages"]
    live, copy = map(describe, kept)
    assert live.decision.shadow == copy.id
    assert copy.decision.shadow_of == live.id
    assert copy.id.startswith("shadow/")
    assert (copy.reason, copy.outcome, copy.provider, copy.model) == (
        *("shadow", "ok", "two", "copied"),
    )
    assert copy.answered_model == "other"
    assert copy.key == live.key
    assert copy.profile == live.profile
    assert copy.usage is not None
    assert copy.usage.total > 0
    used = {(place.provider, place.shadow): sums for place, sums in add_up([live, copy]).items()}
    assert used["one", False].requests == 1
    assert (used["two", True].requests, used["two", True].attempts) == (0, 1)
    assert used["two", True].prompt_tokens == copy.usage.prompt


async def test_a_stream_is_copied_and_translated(one: Upstream) -> None:
    live = Upstream(Sse(shapes.stream("li", "ve")))
    other = Upstream(Sse(anthropic_shapes.stream("co", "py")))
    with live, other:
        world = World(provider("one", live), provider("two", other, kind="anthropic"))
        caller = await world.both(STREAM)
        assert caller.body.endswith(b"[DONE]\n\n")
        (asked,) = other.asked
        assert asked.path.endswith("/messages")
        assert (asked.body["model"], asked.body["stream"]) == ("copied", True)


async def test_no_provider_keeps_the_answer_to_a_copy(one: Upstream, two: Upstream) -> None:
    world = World(provider("one", one), provider("two", two))
    await world.both({**CHAT, "store": True})
    assert one.asked[0].body["store"] is True
    assert two.asked[0].body["store"] is False
    await world.both()
    assert "store" not in two.asked[1].body


async def test_as_many_are_copied_as_were_asked_for(one: Upstream, two: Upstream) -> None:
    world = World(provider("one", one), provider("two", two), percent=25.0)
    for _ in range(80):
        await world.both()
    assert 10 <= len(two.asked) <= 30
    never = World(provider("one", one), provider("two", two), percent=0.0)
    before = len(two.asked)
    for _ in range(10):
        await never.both()
    assert len(two.asked) == before


async def test_nobody_waits_for_it(one: Upstream, kept: list[RequestContext]) -> None:
    """The live answer is complete while the shadow has not said a word."""
    with Upstream(Hang()) as silent:
        world = World(provider("one", one), provider("two", silent))
        caller = await world.ask()
        assert caller.status == 200
        await soon(lambda: silent.asked)
        await world.shadows.close()
    assert [describe(one).outcome for one in kept] == ["ok", "cancelled"]
    assert kept[1].error_code == "yielded"


async def test_a_failing_shadow_harms_nobody(one: Upstream, kept: list[RequestContext]) -> None:
    """It is asked once, and nothing is held against its provider."""
    with Upstream(Cut()) as broken:
        world = World(provider("one", one), provider("two", broken))
        for _ in range(6):
            assert (await world.both()).status == 200
        assert len(broken.asked) == 6
    assert world.book.statuses() == {}
    assert {describe(one).outcome for one in kept[1::2]} == {"retryable"}


async def test_what_was_not_answered_is_not_copied(two: Upstream) -> None:
    with Upstream(Json(shapes.error("no"), status=400)) as one:
        world = World(provider("one", one), provider("two", two))
        assert (await world.both()).status == 400
    assert two.asked == []


@pytest.mark.parametrize(
    ("changes", "copied"),
    [
        ({"cloud_enabled": True}, 1),
        ({"cloud_enabled": False}, 0),
        ({"cloud_enabled": True, "virtual_keys": virtual_keys(local_only=True)}, 0),
    ],
)
async def test_it_goes_only_where_a_request_may_go(
    one: Upstream, two: Upstream, changes: dict[str, Any], copied: int
) -> None:
    world = World(provider("one", one), provider("two", two, is_local=False))
    world.table = rebuilt(world.table, **changes)
    assert (await world.both()).status == 200
    assert len(two.asked) == copied


@pytest.mark.parametrize("wrong", [{"enabled": False}, {"max_concurrency": 1}, {"name": "three"}])
async def test_a_target_that_cannot_take_it_gets_none(
    one: Upstream, two: Upstream, wrong: dict[str, Any]
) -> None:
    """Of slots one more has to be free: the next request is to find it."""
    shadow = replace(provider("two", two), **wrong)
    world = World(provider("one", one), shadow)
    assert (await world.both()).status == 200
    assert two.asked == []


async def test_a_request_takes_back_the_slot_that_a_copy_has(kept: list[RequestContext]) -> None:
    """Both go to one provider with two slots: the copy ends where the second request needs its."""
    with Upstream(LIVE, Hang(), Hang(), LIVE) as shared:
        place = provider("one", shared, max_concurrency=2)
        world = World(place, provider("two", shared))
        profiles = [
            replace(one, shadow=ShadowPolicy("one/copied", 100.0))
            for one in world.table.profiles.values()
        ]
        world.table = rebuilt(world.table, profiles=profiles)
        assert (await world.ask()).status == 200
        await soon(lambda: len(shared.asked) == 2)
        waiting = asyncio.ensure_future(world.ask())
        await soon(lambda: len(shared.asked) == 3)
        assert len(world.shadows._running) == 1, "there was room for both"
        assert (await world.ask()).status == 200
        await world.shadows.settled()
        assert [one.error_code for one in kept if one.shadow_of] == ["yielded"]
        waiting.cancel()
        await asyncio.wait([waiting])


def limit(measure: str, amount: float, number: int = 1) -> LimitEntry:
    values = {"subject_type": "key", "subject_id": "key-1", "window": "day"}
    return LimitEntry(number, measure, measure=measure, amount=amount, **values)


async def test_limits_of_requests_are_the_requests_own(one: Upstream, two: Upstream) -> None:
    """Ten are allowed, and ten are answered, however many copies there were."""
    world = World(provider("one", one), provider("two", two))
    world.table = replace(
        world.table, limits=LimitIndex([limit("requests", 10.0), limit("tokens", 1e6, 2)])
    )
    statuses = [(await world.both()).status for _ in range(11)]
    assert statuses == [200] * 10 + [429]
    requests, tokens = (world.limiting.book.counters[number, ""] for number in (1, 2))
    assert requests.used == 10
    assert len(two.asked) == 5, "from half of the limit on there are no more copies"
    assert tokens.shadowed > 0
    assert tokens.shadowed == pytest.approx(tokens.used / 2), "counted apart"


async def test_what_copies_use_is_bounded_by_half_of_a_limit(one: Upstream, two: Upstream) -> None:
    world = World(provider("one", one), provider("two", two))
    await world.both({**CHAT, "max_tokens": 5})
    each = 5 + shapes.completion("live")["usage"]["prompt_tokens"]
    world.table = replace(world.table, limits=LimitIndex([limit("tokens", 12.0 * each)]))
    before = len(two.asked)
    while (await world.both({**CHAT, "max_tokens": 5})).status == 200:
        pass
    counter = world.limiting.book.counters[1, ""]
    assert counter.used + each > counter.amount, "all of it was there for requests"
    assert 0 < counter.shadowed <= counter.amount / 2
    assert 0 < len(two.asked) - before < len(one.asked) / 2


async def test_none_is_sent_while_the_process_is_busy(one: Upstream, two: Upstream) -> None:
    world = World(provider("one", one), provider("two", two))
    world.shadows._running = {asyncio.ensure_future(asyncio.sleep(9)): 1 for _ in range(16)}
    running = list(world.shadows._running)
    await world.ask()
    for sleeping in running:
        sleeping.cancel()
    assert two.asked == []


@pytest.mark.parametrize(
    ("body", "request_type"),
    [
        ({**CHAT, "web_search_options": {"search_context_size": "low"}}, "chat"),
        ({**CHAT, "plugins": [{"id": "web"}]}, "chat"),
        ({"model": "light/light", "input": "a cat"}, "moderations"),
    ],
)
async def test_nothing_is_done_twice(
    one: Upstream, two: Upstream, body: dict[str, Any], request_type: str
) -> None:
    world = World(provider("one", one), provider("two", two))
    await world.both(body, request_type)
    assert two.asked == []


@pytest.mark.parametrize("keeps", [True, False])
async def test_content_is_kept_where_content_is_kept(
    one: Upstream, two: Upstream, kept: list[RequestContext], keeps: bool
) -> None:
    world = World(provider("one", one), provider("two", two))
    world.observers = (ContentObserver(),) if keeps else ()
    await world.both()
    _, copy = kept
    if keeps:
        assert copy.content is not None
        assert json.loads(copy.content.request) == CHAT
        assert b"copy" in b"".join(copy.content.answer)
    else:
        assert copy.content is None


async def test_a_profile_without_a_shadow_has_none(one: Upstream, two: Upstream) -> None:
    world = World(provider("one", one), provider("two", two))
    world.table = without_shadow(world.table)
    await world.both()
    assert two.asked == []


def without_shadow(table: RoutingTable) -> RoutingTable:
    return rebuilt(table, profiles=[replace(one, shadow=None) for one in table.profiles.values()])
