"""Models that share too little memory, and models nobody uses."""

import asyncio
import json
from pathlib import Path

from tests.inference.local.engine.world import World, alive, running


async def loaded(world: World) -> list[str]:
    models = (await world.http.get("/engine/models")).json()["models"]
    return [model["name"] for model in models if model["state"] == "ready"]


async def test_the_least_recently_used_model_makes_room(tmp_path: Path) -> None:
    async with running(tmp_path, memory_budget_bytes=10_000) as world:
        for name in ("a", "b", "c"):
            world.model(name, {"memory_bytes": 4000}, size=3000)
        for name in ("a", "b", "a", "c"):
            assert (await world.chat(name)).status_code == 200
        assert await loaded(world) == ["a", "c"]
        report = (await world.http.get("/engine/models")).json()
        assert report["memory_used_bytes"] == 8000


async def test_a_limit_on_the_number_of_models_holds(tmp_path: Path) -> None:
    async with running(tmp_path, max_loaded=1) as world:
        for name in ("a", "b"):
            world.model(name)
        for name in ("a", "b", "a"):
            assert (await world.chat(name)).status_code == 200
        assert await loaded(world) == ["a"]


async def test_a_model_in_use_is_never_evicted(tmp_path: Path) -> None:
    """The newcomer waits and gets 503, retry-after and a sentence; the stream is undisturbed."""
    async with running(tmp_path, max_loaded=1) as world:
        world.model("busy", {"tokens": 60, "token_s": 0.02})
        world.model("late")
        stream = asyncio.create_task(world.stream("busy"))
        await world.until_event("busy", "request")
        refused = await world.chat("late")
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) >= 1
        error = refused.json()["error"]
        assert error["code"] == "no_room"
        assert "busy" in error["message"]
        _, lines = await stream
        assert lines[-1] == "data: [DONE]"


async def test_a_request_waits_for_the_model_in_use_to_be_done(tmp_path: Path) -> None:
    async with running(tmp_path, max_loaded=1) as world:
        world.model("busy", {"tokens": 10, "token_s": 0.02})
        world.model("late")
        stream = asyncio.create_task(world.stream("busy"))
        await world.until_event("busy", "request")
        _, lines = await world.stream("late")
        assert ": waiting for memory" in lines
        assert lines[-1] == "data: [DONE]"
        assert (await stream)[1][-1] == "data: [DONE]"


async def test_an_order_to_load_that_finds_no_room_fails_in_sight(tmp_path: Path) -> None:
    async with running(tmp_path, max_loaded=1) as world:
        world.model("busy", {"tokens": 100, "token_s": 0.02})
        world.model("late")
        stream = asyncio.create_task(world.stream("busy"))
        await world.until_event("busy", "request")
        await world.http.post("/engine/models/late/load")
        await world.until("late", state="loading", step="waiting for memory")
        assert "leave no room" in (await world.until("late", state="failed"))["reason"]
        await stream
        assert (await world.chat("late")).status_code == 200


async def test_a_model_larger_than_the_budget_is_refused_without_evicting(tmp_path: Path) -> None:
    async with running(tmp_path, memory_budget_bytes=10_000) as world:
        world.model("small")
        world.model("huge", size=20_000)
        await world.chat("small")
        refused = await world.chat("huge")
        assert refused.status_code == 503
        assert "the memory budget is" in refused.json()["error"]["message"]
        assert await loaded(world) == ["small"]
        assert world.events("huge", "start") == []


async def test_a_model_that_turns_out_larger_than_the_budget_is_ended(tmp_path: Path) -> None:
    async with running(tmp_path, memory_budget_bytes=10_000) as world:
        world.model("swollen", {"memory_bytes": 10_001})
        assert "memory budget" in (await world.chat("swollen")).json()["error"]["message"]
        assert (await world.report("swollen"))["pid"] is None


async def test_growth_past_the_budget_unloads_idle_models(tmp_path: Path) -> None:
    async with running(tmp_path, memory_budget_bytes=10_000) as world:
        world.model("idle", {"memory_bytes": 4000})
        world.model("grows", {"memory_bytes": 4000, "health_memory_bytes": 9000})
        await world.chat("idle")
        await world.stream("grows")
        await world.until("idle", state="not_loaded")
        assert await loaded(world) == ["grows"]


async def test_an_idle_model_is_unloaded(tmp_path: Path) -> None:
    """Its process is gone; a stream keeps another one loaded however long it takes."""
    async with running(tmp_path, idle_timeout_s=0.4) as world:
        world.model("idle")
        world.model("busy", {"tokens": 50, "token_s": 0.03})
        stream = asyncio.create_task(world.stream("busy"))
        pid = (await world.chat("idle")).json()["pid"]
        await world.until("idle", state="not_loaded", pid=None)
        assert not alive(pid)
        assert (await stream)[1][-1] == "data: [DONE]"
        assert (await world.chat("idle")).status_code == 200


async def test_unloading_ends_the_process(world: World) -> None:
    world.model("tiny")
    pid = (await world.chat("tiny")).json()["pid"]
    for _ in range(2):
        assert (await world.http.post("/engine/models/tiny/unload")).status_code == 200
        assert not alive(pid)
        assert (await world.report("tiny"))["state"] == "not_loaded"
    assert (await world.http.post("/engine/models/none/unload")).status_code == 404


async def test_a_worker_deaf_to_sigterm_is_killed(world: World) -> None:
    world.model("deaf", {"ignore_sigterm": True})
    pid = (await world.chat("deaf")).json()["pid"]
    assert (await world.http.post("/engine/models/deaf/unload")).status_code == 200
    assert not alive(pid)


async def test_a_model_in_use_is_unloaded_by_force_only(world: World) -> None:
    world.model("busy", {"tokens": 1000, "token_s": 0.02})
    stream = asyncio.create_task(world.stream("busy"))
    await world.until_event("busy", "request")
    refused = await world.http.post("/engine/models/busy/unload")
    assert refused.status_code == 409
    assert "in use" in refused.json()["error"]["message"]
    forced = await world.http.post("/engine/models/busy/unload?force=1")
    assert forced.status_code == 200
    _, lines = await stream
    error = json.loads(lines[-1].removeprefix("data: "))["error"]
    assert "was unloaded" in error["message"]
    assert (await world.report("busy"))["state"] == "not_loaded"


async def test_a_load_on_its_way_can_be_called_off(world: World) -> None:
    world.model("slow", {"load_s": 30, "load_steps": 100})
    await world.http.post("/engine/models/slow/load")
    await world.until("slow", state="loading", step="reading weights")
    assert (await world.http.post("/engine/models/slow/unload")).status_code == 200
    report = await world.report("slow")
    assert (report["state"], report["pid"], report["reason"]) == ("not_loaded", None, "")


async def test_a_request_during_the_unloading_loads_anew(world: World) -> None:
    world.model("deaf", {"ignore_sigterm": True}, {})
    await world.chat("deaf")
    unloading = asyncio.create_task(world.http.post("/engine/models/deaf/unload"))
    await world.until("deaf", step="unloading")
    assert (await world.chat("deaf")).status_code == 200
    assert (await unloading).status_code == 200
    assert len(world.events("deaf", "start")) == 2
