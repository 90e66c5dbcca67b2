"""The engine between its caller and the worker: bytes, connections and cancellation."""

import asyncio
import json
import time
from collections.abc import AsyncIterator

import httpx

from inference.local.engine import app
from tests.inference.local.engine.world import World


async def test_events_are_passed_on_as_they_come(world: World) -> None:
    """The first one arrives long before the last one is made."""
    world.model("slow", {"tokens": 20, "token_s": 0.05})
    await world.chat("slow", tokens=1)
    began, times = time.monotonic(), []
    body = {"model": "slow", "stream": True}
    async with world.http.stream("POST", "/v1/chat/completions", json=body) as response:
        assert response.headers["x-worker"] == "1", "the worker's headers are the caller's"
        assert response.headers["content-type"] == "text/event-stream"
        async for _ in response.aiter_raw():
            times.append(time.monotonic() - began)
    assert times[-1] > 0.9
    assert times[0] < times[-1] / 3
    assert len(times) >= 20


async def test_the_request_reaches_the_worker_as_it_is(world: World) -> None:
    """Path, priority and other headers; those of one connection only do not travel."""
    world.model("tiny")
    headers = {"x-pointsman-priority": "high", "x-request-id": "r1", "te": "trailers"}
    response = await world.http.post("/v1/completions", json={"model": "tiny"}, headers=headers)
    assert response.status_code == 200
    (request,) = world.events("tiny", "request")
    assert request["path"] == "/v1/completions"
    assert request["headers"]["x-pointsman-priority"] == "high"
    assert request["headers"]["x-request-id"] == "r1"
    assert "te" not in request["headers"]


async def test_the_worker_is_called_as_the_contract_says(world: World) -> None:
    folder = world.model("tiny")
    await world.chat("tiny")
    (start,) = world.events("tiny", "start")
    argv = start["argv"]
    options = dict(zip(argv[::2], argv[1::2], strict=True))
    assert options.keys() == {"--model-dir", "--name", "--socket", "--measured"}
    assert (options["--model-dir"], options["--name"]) == (str(folder), "tiny")
    assert len(options["--socket"]) < 100


async def test_each_request_reaches_the_worker_on_a_connection_of_its_own(world: World) -> None:
    """On a kept one a request that met a dead worker could not be told from one that killed it."""
    world.model("tiny")
    for _ in range(3):
        await world.chat("tiny")
        await world.stream("tiny")
    connections = {entry["connection"] for entry in world.events("tiny", "request")}
    assert len(connections) == 6


async def test_a_caller_that_leaves_cancels_the_worker_at_once(world: World) -> None:
    """A stream and a whole answer alike; left alone, either would take minutes."""
    world.model("slow", {"tokens": 10_000, "token_s": 0.02})
    await world.chat("slow", tokens=1)
    for count, stream in enumerate((True, False), start=1):
        body = {"model": "slow", "stream": stream}
        asking = asyncio.create_task(world.http.post("/v1/chat/completions", json=body))
        await world.until_event("slow", "request", count + 1)
        await asyncio.sleep(0.1)
        left = time.time()
        asking.cancel()
        cancelled = await world.until_event("slow", "cancelled", count)
        assert cancelled[-1]["at"] - left < 0.5
    await world.until("slow", active=0, queued=0)


async def test_a_caller_that_leaves_while_the_model_loads_leaves_the_load_alone(
    world: World,
) -> None:
    world.model("slow", {"load_s": 0.4})
    asking = asyncio.create_task(world.chat("slow"))
    await world.until("slow", state="loading", queued=1)
    asking.cancel()
    await world.until("slow", state="loading", queued=0)
    await world.until("slow", state="ready")
    assert world.events("slow", "request") == []


async def test_a_worker_that_refuses_keeps_its_status_and_body(world: World) -> None:
    world.model("tiny")
    response = await world.chat("tiny", bad=1)
    assert response.status_code == 400
    assert response.json()["error"]["param"] == "bad"


async def test_a_refusal_after_comments_is_an_error_event(world: World) -> None:
    """The 200 is out already; the worker's own error still reaches the caller, in one line."""
    world.model("slow", {"load_s": 0.3})
    status, lines = await world.stream("slow", bad=1)
    assert status == 200
    assert json.loads(lines[-1].removeprefix("data: "))["error"]["param"] == "bad"


async def test_a_slow_reader_slows_the_worker_down(world: World) -> None:
    """What nobody reads is not generated ahead without bound, nor kept in the engine."""
    world.model("fast", {"tokens": 2_000_000})
    body = {"model": "fast", "stream": True}
    async with world.http.stream("POST", "/v1/chat/completions", json=body) as response:
        # Held, since an iterator that is thrown away closes the connection.
        pieces = response.aiter_raw()
        while b"data:" not in await anext(pieces):
            pass
        slot = world.fleet.slots["fast"]
        assert slot.pool is not None
        steps = [-1]
        # On a busy machine it takes a while until every buffer on the way is full.
        async with asyncio.timeout(20):
            while len(steps) < 3 or steps[-1] != steps[-2]:
                await asyncio.sleep(0.3)
                health = json.loads(await (await slot.pool.send(b"GET", b"/health")).read())
                steps.append(health["steps"])
    assert 0 < steps[-1] < 500_000


async def test_bodies_that_name_no_model_are_refused(world: World) -> None:
    for content, param in (
        (b"", None),
        (b"{", None),
        (b"[]", None),
        (b'{"model": "\xff"}', None),
        (b'{"model": 1}', "model"),
        (b"{}", "model"),
    ):
        response = await world.http.post("/v1/chat/completions", content=content)
        assert response.status_code == 400, content
        assert response.json()["error"]["param"] == param


async def test_a_body_past_the_limit_is_refused(world: World) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(app.MAX_BODY_BYTES // 1024**2 + 1):
            yield b" " * 1024**2

    response = await world.http.post("/v1/chat/completions", content=endless())
    assert response.status_code == 413


async def test_the_models_there_are_in_openais_form(world: World) -> None:
    world.model("two")
    world.model("one")
    (world.models / ".hidden").mkdir()
    (world.models / "not-a-model").mkdir()
    answer = (await world.http.get("/v1/models")).json()
    assert answer["object"] == "list"
    assert [model["id"] for model in answer["data"]] == ["one", "two"]
    assert all(model["object"] == "model" and model["created"] > 0 for model in answer["data"])


async def test_other_paths_are_404(world: World) -> None:
    response: httpx.Response = await world.http.get("/nothing")
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "not_found"
