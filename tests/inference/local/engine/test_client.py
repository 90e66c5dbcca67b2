"""The synchronous client of admin views and commands, against a real engine."""

import asyncio
import socket
import threading
from pathlib import Path

import pytest

from inference.local.client import EngineClient, EngineRefused, EngineUnavailable
from tests.inference.local.engine.world import World


@pytest.fixture
def client(world: World) -> EngineClient:
    return EngineClient(str(world.socket_path))


async def test_it_works(world: World, client: EngineClient) -> None:
    world.model("tiny", {"memory_bytes": 5000})
    world.model("other name")
    assert await asyncio.to_thread(client.ready)
    await asyncio.to_thread(client.load, "tiny")
    await world.until("tiny", state="ready")
    report = await asyncio.to_thread(client.models)
    assert [model.name for model in report.models] == ["other name", "tiny"]
    assert (report.memory_budget_bytes, report.memory_used_bytes) == (10**9, 5000)
    tiny = report.model("tiny")
    assert tiny is not None
    assert (tiny.state, tiny.memory_bytes, tiny.parameters) == ("ready", 5000, 42)
    assert report.model("none") is None
    await asyncio.to_thread(client.unload, "tiny")
    await asyncio.to_thread(client.load, "other name")
    await world.until("other name", state="ready")
    assert (await world.report("tiny"))["state"] == "not_loaded"


async def test_a_refusal_carries_the_engines_sentence(world: World, client: EngineClient) -> None:
    world.model("busy", {"tokens": 100, "token_s": 0.02})
    with pytest.raises(EngineRefused, match="The models there are: busy") as unknown:
        await asyncio.to_thread(client.load, "none/../busy")
    assert (unknown.value.status, unknown.value.code) == (404, "model_not_found")
    stream = asyncio.create_task(world.stream("busy"))
    await world.until_event("busy", "request")
    with pytest.raises(EngineRefused, match="in use") as in_use:
        await asyncio.to_thread(client.unload, "busy")
    assert in_use.value.status == 409
    await asyncio.to_thread(client.unload, "busy", force=True)
    await stream


def test_no_engine_is_told_from_a_refusal(tmp_path: Path) -> None:
    client = EngineClient(str(tmp_path / "none.sock"))
    assert not client.ready()
    with pytest.raises(EngineUnavailable):
        client.models()


@pytest.mark.parametrize("answer", [b"", b"nonsense", b"HTTP/1.1 200 OK\r\n\r\n[]"])
def test_an_engine_that_answers_nonsense_or_nothing_is_unavailable(
    tmp_path: Path, answer: bytes
) -> None:
    """An empty answer stands for one that never comes: the time-out ends the wait."""
    path = str(tmp_path / "odd.sock")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()

        def serve() -> None:
            connection, _ = listening.accept()
            connection.recv(1000)
            if answer:
                connection.sendall(answer)
                connection.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with pytest.raises(EngineUnavailable):
            EngineClient(path, timeout_s=0.3).models()
        thread.join(5)
