"""A request that is over is freed at once: what holds itself in a circle stays, with the body and
the answer it leads to, until the collector of circles comes by, and costs it time for each one."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from governance.routing.compile import compile_table
from governance.routing.table import RoutingTable, Target
from tests.governance.routing.build import compile_regex, profile
from tests.inference.tables import KEY, provider, virtual_keys
from tests.support import openai_shapes
from tests.support.serving import served
from tests.support.upstream import Json, Sse, Upstream

REQUESTS = 10
OURS = ("gateway", "governance", "inference")
CHAT, MESSAGES = "chat/completions", "messages"
CASES: dict[str, tuple[str, dict[str, Any], int]] = {
    "whole": (CHAT, {"model": "whole/x"}, 200),
    "stream": (CHAT, {"model": "stream/x", "stream": True}, 200),
    "messages": (MESSAGES, {"model": "whole/x"}, 200),
    "messages, stream": (MESSAGES, {"model": "stream/x", "stream": True}, 200),
    "failover": (CHAT, {"model": "failing/x"}, 200),
    "nobody answers": (CHAT, {"model": "down/x"}, 503),
    "a body that is none": (CHAT, {"messages": 7}, 400),
    "an unknown model": (CHAT, {"model": "nowhere/x"}, 404),
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with (
        Upstream(Json(openai_shapes.completion())) as whole,
        Upstream(Sse(openai_shapes.stream("Hello"))) as stream,
        Upstream(Json(openai_shapes.error("no"), status=503)) as failing,
        served(table(whole=whole, stream=stream, failing=failing)) as gateway,
    ):
        yield gateway.url


def table(**upstreams: Upstream) -> RoutingTable:
    """Profiles as they are made: hedged, retried, continued, with sessions that stick."""
    rows = [provider(name, one.base_url, kind="openai") for name, one in upstreams.items()]
    chains = {
        "whole": ("whole", "stream"),
        "stream": ("stream", "whole"),
        "failing": ("failing", "whole"),
        "down": ("failing",),
    }
    return compile_table(
        profiles=[
            profile(
                *(Target(provider=one, model="m", priority=at) for at, one in enumerate(chain)),
                id=name,
                name=name,
                virtual_provider=name,
                local_fallback="never",
            )
            for name, chain in chains.items()
        ],
        providers=rows,
        virtual_keys=virtual_keys(),
        compile_regex=compile_regex,
    )


@pytest.mark.parametrize("case", CASES)
def test_a_request_leaves_no_circle(url: str, case: str) -> None:
    path, body, status = CASES[case]
    headers = {"authorization": f"Bearer {KEY}", "x-session-id": "run-1"}
    message = [{"role": "user", "content": "hi"}]
    with httpx.Client(headers=headers) as client:

        def ask() -> None:
            answer = client.post(
                f"{url}/v1/{path}", json={"messages": message, "max_tokens": 9, **body}
            )
            assert answer.status_code == status, answer.text

        ask()
        assert circles(ask) == Counter()


def circles(ask: Any) -> Counter[str]:
    """What of ours only the collector could free after some requests. What is under way when it
    looks is not yet free, and is in no circle."""
    gc.collect()
    gc.disable()
    try:
        for _ in range(REQUESTS):
            ask()
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        kinds = (type(one) for one in gc.garbage)
        return Counter(
            f"{kind.__module__}.{kind.__qualname__}"
            for kind in kinds
            if kind.__module__.partition(".")[0] in OURS
        )
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
