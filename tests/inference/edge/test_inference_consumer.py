"""What the consumer adds to dispatch: the head, the key, the record, the observers."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from governance.routing.plan import Plan
from governance.routing.table import RoutingTable
from inference.dispatch.health import HealthBook
from inference.edge import asgi
from inference.edge.authentication import authenticate_caller
from inference.edge.inference_consumer import InferenceConsumer
from inference.endpoints.registry import BY_REQUEST_TYPE
from inference.record.observer import Observer
from inference.record.record import RequestContext, add_sink, remove_sink
from tests.inference.edge.asgi_caller import AUTHORIZED, AsgiCaller
from tests.inference.tables import chain, provider, rebuilt, virtual_keys
from tests.support import openai_shapes as shapes
from tests.support.upstream import Json, Upstream

BODY = json.dumps(
    {"model": "light/light", "messages": [{"role": "user", "content": "hi"}]}
).encode()
LENGTH = (b"content-length", str(len(BODY)).encode())


@pytest.fixture
def kept() -> Iterator[list[RequestContext]]:
    records: list[RequestContext] = []
    sink = records.append
    add_sink(sink)
    yield records
    remove_sink(sink)


class Tables:
    """A table that may be changed while a request is under way."""

    def __init__(self, table: RoutingTable) -> None:
        self.table = table

    def __call__(self) -> RoutingTable:
        return self.table


def consumer(table: Tables, **more: Any) -> asgi.App:
    rng = random.Random(1)
    return InferenceConsumer.as_asgi(
        **{
            "endpoint": BY_REQUEST_TYPE["chat"],
            "table": table,
            "authenticate": authenticate_caller,
            "book": HealthBook(rng=rng),
            "rng": rng,
            **more,
        }
    )


NOWHERE = chain(provider("one", "http://127.0.0.1:9/v1"))


class Notes(Observer):
    def __init__(self) -> None:
        self.said: list[Any] = []

    def on_body(self, context: RequestContext, body: bytes) -> None:
        self.said.append(("body", body))

    def on_plan(self, context: RequestContext, plan: Plan) -> None:
        self.said.append(("plan", plan.reason))

    def on_sent(self, context: RequestContext, data: bytes) -> None:
        self.said.append(("sent", data))


async def test_it_works(kept: list[RequestContext]) -> None:
    """Observers see the body, the plan and what is sent; the record is kept once."""
    notes = Notes()
    with Upstream(Json(shapes.completion("fine"))) as upstream:
        caller = AsgiCaller(BODY)
        table = Tables(chain(provider("one", upstream)))
        await caller.call(consumer(table, observers=(Observer(), notes)), AUTHORIZED)
    assert caller.status == 200
    assert notes.said == [("body", BODY), ("plan", "virtual_model"), ("sent", caller.body)]
    (record,) = kept
    assert (record.status, record.outcome, record.model) == (200, "ok", "real")
    assert [attempt.code for attempt in record.attempts] == ["ok"]


@pytest.mark.parametrize(
    ("headers", "method", "status", "code"),
    [
        ((), "POST", 401, "missing_api_key"),
        (((b"x-api-key", b"pm-nobody"),), "POST", 401, "invalid_api_key"),
        ((AUTHORIZED,), "GET", 405, "method_not_allowed"),
        ((), "GET", 401, "missing_api_key"),
    ],
)
async def test_a_refusal_does_not_wait_for_the_body(
    headers: tuple[tuple[bytes, bytes], ...],
    method: str,
    status: int,
    code: str,
    kept: list[RequestContext],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The answer is complete while the body is still on its way; it is recorded."""
    monkeypatch.setattr(asgi, "LINGER_SECONDS", 0.05)
    notes = Notes()
    caller = AsgiCaller(BODY[:5], complete=False)
    app = consumer(Tables(NOWHERE), observers=(notes,))
    await asyncio.wait_for(caller.call(app, LENGTH, *headers, method=method), 10)
    assert caller.status == status
    assert json.loads(caller.body)["error"]["code"] == code
    assert caller.headers[b"connection"] == b"close"
    assert (b"www-authenticate" in caller.headers) == (status == 401)
    (record,) = kept
    assert (record.outcome, record.error_code, record.status) == ("refused", code, status)
    assert notes.said == []


async def test_a_key_that_is_revoked_while_the_body_comes_opens_nothing(
    kept: list[RequestContext],
) -> None:
    """The table the body is routed by is the one that counts."""
    tables = Tables(NOWHERE)
    app = consumer(tables)
    caller = AsgiCaller(BODY[:9], BODY[9:])
    receive = caller.receive

    async def slow() -> dict[str, Any]:
        if caller.received == 1:
            tables.table = rebuilt(NOWHERE, virtual_keys=virtual_keys(enabled=False))
        return await receive()

    caller.receive = slow
    await caller.call(app, AUTHORIZED)
    assert caller.status == 401
    assert json.loads(caller.body)["error"]["code"] == "disabled_api_key"
    assert [record.error_code for record in kept] == ["disabled_api_key"]


async def test_a_table_that_changes_harms_no_request() -> None:
    tables = Tables(NOWHERE)
    caller = AsgiCaller(BODY[:9], BODY[9:])
    app = consumer(tables)
    receive = caller.receive

    async def slow() -> dict[str, Any]:
        tables.table = rebuilt(NOWHERE)
        return await receive()

    caller.receive = slow
    await caller.call(app, AUTHORIZED)
    assert caller.status == 502, "it got as far as the provider, which is not there"


async def test_a_body_that_is_too_large_is_recorded(kept: list[RequestContext]) -> None:
    caller = AsgiCaller(BODY)
    await caller.call(consumer(Tables(NOWHERE), body_limit=5), AUTHORIZED)
    assert caller.status == 413
    assert [record.error_code for record in kept] == ["request_too_large"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [(b"{", 400, "400"), (BODY.replace(b"light/light", b"nobody"), 404, "model_not_found")],
)
async def test_a_refusal_behind_the_body(
    body: bytes, status: int, code: str, kept: list[RequestContext]
) -> None:
    caller = AsgiCaller(body)
    await caller.call(consumer(Tables(NOWHERE)), AUTHORIZED)
    assert caller.status == status
    assert [(record.outcome, record.error_code) for record in kept] == [("refused", code)]


async def test_a_fault_of_ours_is_answered_and_recorded(kept: list[RequestContext]) -> None:
    class Faulty(Observer):
        def on_plan(self, context: RequestContext, plan: Plan) -> None:
            raise RuntimeError("a fault of ours")

    caller = AsgiCaller(BODY)
    await caller.call(consumer(Tables(NOWHERE), observers=(Faulty(),)), AUTHORIZED)
    assert caller.status == 500
    assert [(record.outcome, record.error_code) for record in kept] == [("error", "internal_error")]
