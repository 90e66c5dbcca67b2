"""Answers that are given again: to whom, for how long, and at what cost."""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from governance.limits.counting.binding import LimitIndex
from governance.limits.counting.book import LimitBook
from governance.limits.limit import LimitEntry
from governance.routing.table import CachePolicy, RoutingTable, VirtualKey
from inference.cache.answer_cache import AnswerCache
from inference.cache.answer_memory import AnswerMemory
from inference.cache.cached_answer import AnswerPiece, AnswerSource, CachedAnswer
from inference.dispatch.health import HealthBook
from inference.dispatch.request_limits import Limiting
from inference.edge import asgi
from inference.edge.authentication import authenticate_caller
from inference.edge.inference_consumer import InferenceConsumer
from inference.endpoints.registry import BY_REQUEST_TYPE
from inference.record.describe import describe
from inference.record.record import RequestContext, add_sink, remove_sink
from tests.inference.edge.asgi_caller import AUTHORIZED, AsgiCaller
from tests.inference.tables import chain, provider, rebuilt, virtual_keys
from tests.support import openai_shapes as shapes
from tests.support.upstream import Cut, Json, Sse, Upstream

CHAT: dict[str, Any] = {"model": "light/light", "messages": [{"role": "user", "content": "hi"}]}
POLICY = CachePolicy(ttl=60.0)
OTHER = (b"authorization", b"Bearer pm-other-key")


class Beyond:
    """Stands where other processes find answers."""

    def __init__(self) -> None:
        self.held: dict[bytes, CachedAnswer] = {}
        self.asked = 0

    async def get(self, key: bytes) -> CachedAnswer | None:
        self.asked += 1
        return self.held.get(key)

    def put(self, key: bytes, answer: CachedAnswer, seconds: float) -> None:
        self.held[key] = answer

    async def close(self) -> None: ...


class Gateway:
    """The consumers of all endpoints over one table, with a clock that can be moved."""

    def __init__(self, table: RoutingTable, **policy: Any) -> None:
        self.ahead = 0.0
        self.beyond = Beyond()
        self.cache = AnswerCache(
            AnswerMemory(), b"s", self.beyond, lambda: time.time() + self.ahead
        )
        self.table = cached(table, **policy)
        self.book = HealthBook(rng=random.Random(1))
        self.limiting = Limiting(LimitBook())

    def clock(self) -> float:
        return time.time() + self.ahead

    def app(self, request_type: str) -> asgi.App:
        return InferenceConsumer.as_asgi(
            endpoint=BY_REQUEST_TYPE[request_type],
            table=lambda: self.table,
            authenticate=authenticate_caller,
            book=self.book,
            rng=random.Random(1),
            limiting=self.limiting,
            answers=self.cache,
        )

    async def ask(
        self,
        body: dict[str, Any] = CHAT,
        *headers: tuple[bytes, bytes],
        request_type: str = "chat",
        key: tuple[bytes, bytes] = AUTHORIZED,
    ) -> AsgiCaller:
        caller = AsgiCaller(json.dumps(body).encode())
        await caller.call(self.app(request_type), key, *headers)
        return caller

    async def results(self, *asked: Any, **more: Any) -> list[str]:
        """What the header says of each of these requests."""
        return [result(await self.ask(body, **more)) for body in asked]


def result(caller: AsgiCaller) -> str:
    return caller.headers.get(b"x-pointsman-cache", b"").decode()


def cached(table: RoutingTable, **policy: Any) -> RoutingTable:
    rows = [replace(one, cache=replace(POLICY, **policy)) for one in table.profiles.values()]
    return rebuilt(table, profiles=rows)


def with_keys(table: RoutingTable, **more: Any) -> RoutingTable:
    """Two keys, the second of which is `more`."""
    other = hashlib.sha256(b"pm-other-key").digest()
    values: dict[str, Any] = {"id": "key-2", "name": "other", "scopes": frozenset({"inference"})}
    return rebuilt(table, virtual_keys={**virtual_keys(), other: VirtualKey(**{**values, **more})})


@pytest.fixture
def kept() -> Iterator[list[RequestContext]]:
    records: list[RequestContext] = []
    add_sink(records.append)
    yield records
    remove_sink(records.append)


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream(Json(shapes.completion("fine"))) as one:
        yield one


async def test_it_works(upstream: Upstream, kept: list[RequestContext]) -> None:
    """The second answer is the first, costs nothing, and asks nobody."""
    gateway = Gateway(chain(provider("one", upstream)))
    first, second = await gateway.ask(), await gateway.ask()
    assert [result(one) for one in (first, second)] == ["miss", "hit"]
    assert second.body == first.body
    assert len(upstream.asked) == 1
    told = second.headers
    assert told[b"x-pointsman-attempts"] == b"0"
    assert told[b"x-pointsman-provider"] == b"one"
    assert told[b"x-pointsman-fallback"] == b"none"
    assert told[b"age"] == b"0"
    live, again = map(describe, kept)
    assert (live.decision.cache, again.decision.cache) == ("miss", "hit")
    assert (again.outcome, again.status, again.fallback) == ("ok", 200, "none")
    (attempt,) = again.attempts
    assert (attempt.code, attempt.status, attempt.cost_usd) == ("cache_hit", 0, 0.0)
    assert again.usage is not None
    assert again.usage.total == 0
    assert (again.provider, again.answered_model) == ("one", "real")


async def test_a_profile_without_a_cache_says_nothing_of_it(upstream: Upstream) -> None:
    gateway = Gateway(chain(provider("one", upstream)))
    gateway.table = chain(provider("one", upstream))
    assert await gateway.results(CHAT, CHAT) == ["", ""]
    assert len(gateway.cache.memory) == 0


STREAM = {**CHAT, "stream": True}


async def test_a_stream_comes_again_at_once_or_at_its_pace() -> None:
    events = shapes.stream("one ", "two ", "three")
    with Upstream(Sse(events, pause=0.06)) as upstream:
        gateway = Gateway(chain(provider("one", upstream)))
        first, second = await gateway.ask(STREAM), await gateway.ask(STREAM)
        assert [result(one) for one in (first, second)] == ["miss", "hit"]
        assert second.body == first.body
        assert second.body.endswith(b"data: [DONE]\n\n")
        assert second.headers[b"content-type"].startswith(b"text/event-stream")
        assert len(second.sent) == 2, "the head, and everything in one piece"
        gateway.table = cached(gateway.table, cadence=True)
        began = time.monotonic()
        third = await gateway.ask(STREAM)
        assert result(third) == "hit"
        assert third.body == first.body
        assert time.monotonic() - began >= 0.1
        assert len(third.sent) == len(first.sent)
    assert len(upstream.asked) == 1


EMBEDDINGS = {
    "object": "list",
    "model": "real",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}],
    "usage": {"prompt_tokens": 1, "total_tokens": 1},
}
TEXT = {
    "id": "cmpl-1",
    "object": "text_completion",
    "created": 1,
    "model": "real",
    "choices": [{"index": 0, "text": "fine", "finish_reason": "stop", "logprobs": None}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}


@pytest.mark.parametrize(
    ("request_type", "body", "answer"),
    [
        ("completions", {"prompt": "hi"}, Json(TEXT)),
        ("embeddings", {"input": "hi"}, Json(EMBEDDINGS)),
        (
            "messages",
            {"max_tokens": 9, "messages": CHAT["messages"]},
            Json(shapes.completion("fine")),
        ),
        (
            "messages",
            {"max_tokens": 9, "messages": CHAT["messages"], "stream": True},
            Sse(shapes.stream("fine")),
        ),
        ("responses", {"input": "hi"}, Json(shapes.completion("fine"))),
        ("responses", {"input": "hi", "stream": True}, Sse(shapes.stream("fine"))),
    ],
)
async def test_every_protocol_gets_its_own_answer_again(
    request_type: str, body: dict[str, Any], answer: Any
) -> None:
    with Upstream(answer) as upstream:
        gateway = Gateway(chain(provider("one", upstream)))
        ask = {"model": "light/light", **body}
        first = await gateway.ask(ask, request_type=request_type)
        second = await gateway.ask(ask, request_type=request_type)
    assert first.status == 200, first.body
    assert [result(one) for one in (first, second)] == ["miss", "hit"]
    assert second.body == first.body
    assert second.headers[b"content-type"] == first.headers[b"content-type"]
    assert len(upstream.asked) == 1


async def test_it_is_the_keys_own_unless_it_is_shared(upstream: Upstream) -> None:
    gateway = Gateway(with_keys(chain(provider("one", upstream))))
    assert await gateway.results(CHAT, CHAT) == ["miss", "hit"]
    assert await gateway.results(CHAT, CHAT, key=OTHER) == ["miss", "hit"]
    gateway = Gateway(with_keys(chain(provider("one", upstream))), scope="shared")
    assert await gateway.results(CHAT, CHAT) == ["miss", "hit"]
    assert await gateway.results(CHAT, key=OTHER) == ["hit"]


async def test_a_shared_response_has_ids_that_are_one_keys(upstream: Upstream) -> None:
    gateway = Gateway(with_keys(chain(provider("one", upstream))), scope="shared")
    ask = {"model": "light/light", "input": "hi"}
    assert await gateway.results(ask, ask, request_type="responses") == ["miss", "hit"]
    assert await gateway.results(ask, request_type="responses", key=OTHER) == ["miss"]


TOOL = {"type": "function", "function": {"name": "pay", "parameters": {"type": "object"}}}


@pytest.mark.parametrize(
    ("more", "request_type"),
    [
        ({"tools": [TOOL]}, "chat"),
        ({"web_search_options": {}, "plugins": [{"id": "web"}]}, "chat"),
        ({"background": True, "input": "hi", "messages": None}, "responses"),
        ({"previous_response_id": "resp_1", "input": "hi", "messages": None}, "responses"),
    ],
)
async def test_what_may_do_something_or_refers_to_something_is_asked_again(
    upstream: Upstream, more: dict[str, Any], request_type: str
) -> None:
    gateway = Gateway(chain(provider("one", upstream)))
    ask = {**CHAT, **more}
    assert await gateway.results(ask, ask, request_type=request_type) == ["bypass"] * 2


async def test_tools_are_cached_where_that_was_asked_for(upstream: Upstream) -> None:
    gateway = Gateway(chain(provider("one", upstream)), tools=True)
    ask = {**CHAT, "tools": [TOOL]}
    assert await gateway.results(ask, ask) == ["miss", "hit"]


async def test_callers_may_ask_anew_or_leave_nothing() -> None:
    answers = (Json(shapes.completion(text)) for text in ("one", "two", "three"))
    with Upstream(*answers) as upstream:
        gateway = Gateway(chain(provider("one", upstream)))
        await gateway.ask()
        nothing = await gateway.ask(CHAT, (b"cache-control", b"no-store"))
        assert (result(nothing), b"two" in nothing.body) == ("bypass", True)
        assert b"one" in (await gateway.ask()).body
        anew = await gateway.ask(CHAT, (b"cache-control", b"max-age=0, No-Cache"))
        assert (result(anew), b"three" in anew.body) == ("bypass", True)
        again = await gateway.ask()
        assert (result(again), b"three" in again.body) == ("hit", True)


async def test_it_ends_with_its_time(upstream: Upstream) -> None:
    gateway = Gateway(chain(provider("one", upstream)))
    await gateway.ask()
    gateway.ahead = 59.0
    again = await gateway.ask()
    assert (result(again), again.headers[b"age"]) == ("hit", b"59")
    gateway.table = cached(gateway.table, ttl=30.0)
    assert await gateway.results(CHAT) == ["miss"], "as long as the profile says now"
    gateway.ahead += 31.0
    assert await gateway.results(CHAT, CHAT) == ["miss", "hit"]


async def test_what_another_target_answered_is_not_kept(upstream: Upstream) -> None:
    """Not when the first choice failed, nor while it cools down."""
    with Upstream(Cut()) as broken:
        gateway = Gateway(chain(provider("one", broken), provider("two", upstream)))
        for _ in range(7):
            caller = await gateway.ask()
            assert (caller.status, result(caller)) == (200, "miss")
        status = gateway.book.status("one", "one-model")
    assert status is not None
    assert status.state != "closed", "the plan itself begins with the other one by now"
    assert len(gateway.cache.memory) == 0


@pytest.mark.parametrize("broken", ["cut", "hang"])
async def test_what_broke_off_is_not_kept(broken: str) -> None:
    events = shapes.stream("one ", "two ")[:2]
    with Upstream(Sse(events, then=broken)) as upstream:
        gateway = Gateway(chain(provider("one", upstream, idle_timeout=0.2)))
        caller = await gateway.ask(STREAM)
        assert b"error" in caller.body
        assert len(gateway.cache.memory) == 0


async def test_what_was_continued_is_not_kept() -> None:
    half = shapes.stream("one two", " three", usage=False)[:2]
    whole = shapes.stream("one two", " three four")
    with Upstream(Sse(half, then="cut")) as first, Upstream(Sse(whole)) as second:
        gateway = Gateway(chain(provider("one", first), provider("two", second)))
        caller = await gateway.ask(STREAM)
        assert caller.body.count(b"[DONE]") == 1
        assert len(second.asked) == 1
        assert len(gateway.cache.memory) == 0


async def test_an_error_is_not_kept() -> None:
    with Upstream(Json(shapes.error("no"), status=400)) as upstream:
        gateway = Gateway(chain(provider("one", upstream)))
        assert await gateway.results(CHAT, CHAT) == ["miss", "miss"]


async def test_what_holds_for_a_request_holds_on_a_hit(upstream: Upstream) -> None:
    """Whoever may not be asked now is not heard either."""
    far = provider("one", upstream, is_local=False)
    gateway = Gateway(rebuilt(with_keys(chain(far)), cloud_enabled=True), scope="shared")
    await gateway.ask()
    full = gateway.table
    assert await gateway.results(CHAT, key=OTHER) == ["hit"]
    gateway.table = rebuilt(full, cloud_enabled=False)
    assert (await gateway.ask()).status == 503
    gateway.table = rebuilt(full, providers=[replace(far, enabled=False)])
    assert (await gateway.ask()).status == 503
    gateway.table = with_keys(full, local_only=True)
    assert (await gateway.ask(key=OTHER)).status == 503
    gateway.table = with_keys(full, enabled=False)
    assert (await gateway.ask(key=OTHER)).status == 401
    gateway.table = with_keys(full, confined_to=frozenset({"elsewhere"}))
    assert (await gateway.ask(key=OTHER)).status == 403
    gateway.table = full
    assert await gateway.results(CHAT, key=OTHER) == ["hit"]
    gateway.table = rebuilt(full, providers=[replace(far, base_url=far.base_url + "/other")])
    assert await gateway.results(CHAT) == ["miss"], "it is another provider of that name"


async def test_a_hit_counts_as_a_request_and_uses_no_tokens(upstream: Upstream) -> None:
    values = {"subject_type": "key", "subject_id": "key-1", "window": "day"}
    limits = LimitIndex(
        [
            LimitEntry(1, "requests", measure="requests", amount=3.0, **values),
            LimitEntry(2, "tokens", measure="tokens", amount=100_000.0, **values),
        ]
    )
    gateway = Gateway(chain(provider("one", upstream)))
    gateway.table = replace(gateway.table, limits=limits)
    assert await gateway.results(CHAT) == ["miss"]
    counters = gateway.limiting.book.counters
    used = counters[2, ""].used
    assert used > 0
    assert await gateway.results(CHAT, CHAT) == ["hit", "hit"]
    assert (counters[1, ""].used, counters[2, ""].used) == (3.0, used)
    assert counters[2, ""].held == 0
    assert (await gateway.ask()).status == 429


@pytest.mark.parametrize("who", ["profile", "key", "nobody"])
async def test_what_is_local_only_never_leaves_the_process(upstream: Upstream, who: str) -> None:
    table = chain(provider("one", upstream), local_only=who == "profile")
    if who == "key":
        table = rebuilt(table, virtual_keys=virtual_keys(local_only=True))
    gateway = Gateway(table)
    assert await gateway.results(CHAT, CHAT) == ["miss", "hit"]
    leaves = who == "nobody"
    assert (gateway.beyond.asked > 0, len(gateway.beyond.held) > 0) == (leaves, leaves)


async def test_another_process_finds_it(upstream: Upstream) -> None:
    gateway = Gateway(chain(provider("one", upstream)))
    other = Gateway(chain(provider("one", upstream)))
    other.cache = AnswerCache(AnswerMemory(), b"s", gateway.beyond)
    assert await gateway.results(CHAT) == ["miss"]
    assert await other.results(CHAT, CHAT) == ["hit", "hit"]
    assert gateway.beyond.asked == 2, "the second time it was in memory"


def answer(size: int = 10) -> CachedAnswer:
    source = AnswerSource("one", "openai", "", "m")
    return CachedAnswer(source, 0.0, "application/json", False, (AnswerPiece(0.0, b"a" * size),))


def test_the_memory_is_bounded_in_number_and_bytes() -> None:
    memory = AnswerMemory(most=3, most_bytes=10_000)
    for name in (b"a", b"b", b"c"):
        memory.put(name, answer(), 100.0)
    assert memory.get(b"a", 1.0) is not None
    memory.put(b"d", answer(), 100.0)
    assert memory.get(b"b", 1.0) is None, "nobody asked for it for longest"
    assert len(memory) == 3
    memory.put(b"e", answer(9_000), 100.0)
    assert (len(memory), memory.size) == (1, answer(9_000).size)
    memory.put(b"f", answer(20_000), 100.0)
    assert memory.get(b"f", 1.0) is None, "larger than all that may be held"
    assert memory.get(b"e", 100.0) is None
    assert (len(memory), memory.size) == (0, 0)
