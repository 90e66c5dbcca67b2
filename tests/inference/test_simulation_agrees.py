"""Simulate agrees with live chat, over random routing tables and requests."""

from __future__ import annotations

import asyncio
import hashlib
import random
import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.routing.breaker import HEALTHY
from governance.routing.compile import compile_table
from governance.routing.explain import simulate
from governance.routing.table import RoutingTable, VirtualKey
from inference.dispatch.health import HealthBook
from inference.edge.authentication import authenticate_caller
from inference.edge.inference_consumer import InferenceConsumer
from inference.endpoints.registry import ENDPOINTS, simulated_request
from inference.record.record import RequestContext, add_sink, remove_sink
from tests.governance.routing.build import compile_regex
from tests.governance.routing.strategies import model_names, tables, virtual_keys
from tests.inference.tables import KEY

KEY_HEADERS = [(b"authorization", b"Bearer " + KEY.encode())]

parts = st.sampled_from(
    [
        {"type": "text", "text": "hi"},
        {"type": "image_url", "image_url": {"url": "http://x/y.png"}},
        {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}},
    ]
)
bodies = st.fixed_dictionaries(
    {
        "messages": st.lists(
            st.fixed_dictionaries(
                {"role": st.just("user"), "content": st.lists(parts, min_size=1, max_size=3)}
            ),
            min_size=1,
            max_size=3,
        )
    },
    optional={
        "model": model_names,
        "tools": st.just([{"type": "function", "function": {"name": "f"}}]),
        "routing_profile": st.sampled_from(["light", "the capable", "absent"]),
        "reasoning_effort": st.just("low"),
        "stream": st.booleans(),
    },
)


@pytest.fixture(scope="module")
def closed_port() -> Iterator[int]:
    """A port where nobody listens, held so that nobody else takes it."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def unreachable(table: RoutingTable, virtual_key: VirtualKey, port: int) -> RoutingTable:
    """The same table with providers that refuse every connection, so that chat tries them all."""
    digest = hashlib.sha256(KEY.encode()).digest()
    return compile_table(
        providers=[
            replace(one, base_url=f"http://127.0.0.1:{port}/v1", connect_timeout=1.0)
            for one in table.providers.values()
        ],
        profiles=table.profiles.values(),
        rules=table.rules,
        mappings=table.mappings,
        virtual_keys={digest: virtual_key},
        cloud_enabled=table.cloud_enabled,
        compile_regex=compile_regex,
    )


async def chat(table: RoutingTable, body: bytes, seed: int) -> tuple[RequestContext, int]:
    """One request through the consumer itself; the record it leaves, and the status it sent."""
    kept: list[RequestContext] = []
    sent: list[Any] = []
    messages = [{"type": "http.request", "body": body}]

    async def receive() -> Any:
        if messages:
            return messages.pop()
        return await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    rng = random.Random(seed)
    app = InferenceConsumer.as_asgi(
        endpoint=ENDPOINTS[0],
        table=lambda: table,
        authenticate=authenticate_caller,
        book=HealthBook(rng=rng),
        rng=rng,
    )
    sink = kept.append
    add_sink(sink)
    try:
        scope = {"type": "http", "method": "POST", "headers": KEY_HEADERS, "path": "/"}
        await app(scope, receive, send)
    finally:
        remove_sink(sink)
    return kept[0], sent[0]["status"]


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(drawn=tables(), virtual_key=virtual_keys, body=bodies, seed=st.integers(0, 2**32))
async def test_simulate_agrees_with_chat(
    drawn: RoutingTable, virtual_key: VirtualKey, body: dict[str, Any], seed: int, closed_port: int
) -> None:
    """What chat tried, in its order, is what simulate said, and so is every refusal."""
    table = unreachable(drawn, virtual_key, closed_port)
    request_context, status = await chat(table, msgspec.json.encode(body), seed)
    said = simulate(simulated_request(body), virtual_key, table, HEALTHY, 0.0, random.Random(seed))
    attempts = [(attempt.provider, attempt.model) for attempt in request_context.attempts]
    places = [(one.provider, one.model) for one in said.candidates]
    # The last candidate is asked once more, which is no other candidate.
    tried = attempts[:-1] if len(attempts) > len(places) else attempts
    assert tried == places
    assert len(attempts) == len(places) or attempts[-1] == places[-1]
    if said.refusal is not None:
        assert (request_context.error_code, status) == (said.refusal.code, said.refusal.status)
    assert request_context.plan is not None
    assert request_context.plan.reason == said.reason
