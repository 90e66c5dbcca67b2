"""A long local queue in earnest: requests spill to the next target, and the record says why."""

from __future__ import annotations

import json
import threading
import time

import httpx
import msgspec

from inference.record.describe import describe
from inference.record.record import RequestContext, add_sink, remove_sink
from tests.inference.tables import HEADERS, chain, provider
from tests.support import openai_shapes as shapes
from tests.support.eventually import eventually
from tests.support.serving import served
from tests.support.upstream import Asked, Reply, Sse, Upstream

SERVICE = 0.3


class OneAtATime:
    """A local server that answers one stream after the other."""

    def __init__(self) -> None:
        self._free = 0.0
        self._lock = threading.Lock()

    def __call__(self, asked: Asked) -> Reply:
        with self._lock:
            turn = max(time.monotonic(), self._free)
            self._free = turn + SERVICE
        events = shapes.stream("lo", "cal")
        return Sse(events, delay=turn - time.monotonic(), pause=SERVICE / len(events))


def test_it_spills_and_says_so() -> None:
    kept: list[RequestContext] = []
    add_sink(kept.append)
    try:
        with (
            Upstream(OneAtATime()) as here,
            Upstream(Sse(shapes.stream("far"))) as far,
            served(
                chain(
                    provider("here", here),
                    provider("far", far),
                    spill_after=2.5 * SERVICE,
                    sticky_sessions=False,
                )
            ) as gateway,
        ):

            def ask() -> None:
                body = {
                    "model": "light/x",
                    "stream": True,
                    "messages": [{"role": "user", "content": "hi"}],
                }
                url = f"{gateway.url}/v1/chat/completions"
                answer = httpx.post(url, json=body, headers=HEADERS, timeout=20)
                assert answer.status_code == 200

            def ask_many(count: int) -> None:
                threads = [threading.Thread(target=ask) for _ in range(count)]
                for thread in threads:
                    thread.start()
                    time.sleep(0.02)
                for thread in threads:
                    thread.join()

            ask()
            ask_many(3)
            learned = len(here.asked)
            ask_many(6)
            eventually(lambda: len(kept) == 10)
    finally:
        remove_sink(kept.append)
    assert learned == 4, "what was not seen yet is not guessed"
    assert 0 < len(here.asked) - learned < 6, "the rest would have waited for too long"
    assert len(far.asked) == 10 - len(here.asked)
    spilled = [one for one in kept if one.plan and one.plan.candidates[0].provider.name == "far"]
    assert len(spilled) == len(far.asked)
    record = json.loads(msgspec.json.encode(describe(spilled[0])))
    assert record["decision"]["candidates"] == [
        {"provider": "far", "model": "far-model", "local_fallback": False},
        {"provider": "here", "model": "here-model", "local_fallback": False, "demoted": "spilled"},
    ]
