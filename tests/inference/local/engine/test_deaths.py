"""Workers that die: what their callers see, and who answers next."""

import asyncio
import json
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from inference.local.supervision.restarts import RestartPolicy
from tests.inference.local.engine.world import QUICK, World, running


def error_of(lines: list[str]) -> dict[str, Any]:
    """The error event a stream must end with; before it every event is whole."""
    events = [line.removeprefix("data: ") for line in lines if not line.startswith(":")]
    assert not any("[DONE]" in event for event in events)
    *before, last = [json.loads(event) for event in events]
    assert all("token" in event for event in before)
    error: dict[str, Any] = last["error"]
    return error


async def test_kill_9_during_eight_streams(world: World) -> None:
    """Each ends with an error event and no [DONE]; the next request works."""
    world.model("tiny", {"tokens": 1000, "token_s": 0.02}, {"tokens": 3})
    heard: list[list[str]] = [[] for _ in range(8)]
    streams = [asyncio.create_task(world.stream("tiny", lines)) for lines in heard]
    async with asyncio.timeout(10):
        while not all(any("token" in line for line in lines) for lines in heard):
            await asyncio.sleep(0.02)
    pid = (await world.until("tiny", active=8))["pid"]
    os.kill(pid, signal.SIGKILL)
    for status, lines in await asyncio.gather(*streams):
        assert status == 200
        assert len(lines) > 1
        error = error_of(lines)
        assert error["code"] == "worker_died"
        assert "SIGKILL" in error["message"]
    response = await world.chat("tiny")
    assert (response.status_code, response.json()["tokens"]) == (200, 3)
    assert (await world.report("tiny"))["restarts"] == 1


async def test_a_death_during_whole_answers_is_a_502_in_openais_form(world: World) -> None:
    world.model("tiny", {"tokens": 100, "die_after_tokens": 2}, {})
    response = await world.chat("tiny")
    assert response.status_code == 502
    assert response.json()["error"]["code"] == "worker_died"
    assert (await world.chat("tiny")).status_code == 200


async def test_an_event_cut_in_the_middle_never_reaches_the_caller(world: World) -> None:
    world.model("tiny", {"tokens": 5, "die_in_event": 2}, {})
    _, lines = await world.stream("tiny")
    assert [line for line in lines if "token" in line] == [
        'data: {"token": 0}',
        'data: {"token": 1}',
    ]
    assert error_of(lines)["code"] == "worker_died"


async def test_a_death_before_the_answer_begins_is_a_502_for_streams_too(world: World) -> None:
    world.model("tiny", {"load_s": 0, "load_steps": 1, "die_before_answer": True}, {})
    await world.http.post("/engine/models/tiny/load")
    await world.until("tiny", state="ready")
    status, lines = await world.stream("tiny")
    assert status == 502, "the request that killed a worker is not sent to the next one"
    assert json.loads("".join(lines))["error"]["code"] == "worker_died"


async def test_an_idle_worker_that_is_killed_comes_back_by_itself(world: World) -> None:
    world.model("tiny")
    first = (await world.chat("tiny")).json()["pid"]
    os.kill(first, signal.SIGKILL)
    report = await world.until("tiny", restarts=1, state="ready")
    assert report["pid"] != first


async def test_a_request_right_after_the_kill_is_answered(world: World) -> None:
    """Whether or not the engine has noticed yet that its idle connections are dead."""
    world.model("tiny")
    pid = (await world.chat("tiny")).json()["pid"]
    os.kill(pid, signal.SIGKILL)
    answers = await asyncio.gather(*(world.chat("tiny") for _ in range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4


async def test_repeated_deaths_meet_a_growing_backoff(tmp_path: Path) -> None:
    """The first restart is at once, later ones wait; requests meanwhile get 503 + retry-after."""
    slow = RestartPolicy(base_s=1000, cap_s=1000)
    async with running(tmp_path, restarts=slow) as world:
        world.model("poisoned", {"die_after_tokens": 0})
        statuses = [(await world.chat("poisoned")).status_code for _ in range(2)]
        assert statuses == [502, 502]
        report = await world.until("poisoned", state="failed")
        assert "SIGKILL" in report["reason"]
        refused = await world.chat("poisoned")
        assert refused.status_code == 503
        assert 5 < int(refused.headers["retry-after"]) <= 1000
        assert len(world.events("poisoned", "start")) == 2


async def test_a_short_backoff_is_waited_for(tmp_path: Path) -> None:
    brief = RestartPolicy(base_s=0.3, cap_s=0.3)
    async with running(tmp_path, restarts=brief) as world:
        world.model("tiny", {"die_after_tokens": 0}, {"die_after_tokens": 0}, {})
        assert [(await world.chat("tiny")).status_code for _ in range(2)] == [502, 502]
        assert (await world.chat("tiny")).status_code == 200


async def test_a_worker_without_a_sign_of_life_is_replaced(tmp_path: Path) -> None:
    async with running(tmp_path, timings=replace(QUICK, unresponsive_after=0.5)) as world:
        world.model("mute", {"mute_health": True}, {})
        await world.chat("mute")
        await world.until("mute", restarts=1, state="ready")


async def test_a_generation_that_hangs_is_replaced(tmp_path: Path) -> None:
    """Its callers get the error; health answers alone do not save the worker."""
    async with running(tmp_path, timings=replace(QUICK, stalled_after=0.4)) as world:
        world.model("hung", {"token_s": 60, "frozen_steps": True}, {})
        response = await world.chat("hung")
        assert response.status_code == 502
        assert "generated nothing" in response.json()["error"]["message"]
        assert (await world.chat("hung")).status_code == 200


async def test_a_long_answer_of_a_slow_model_is_left_alone(tmp_path: Path) -> None:
    """Steps are movement, so nothing is ended while tokens come."""
    async with running(tmp_path, timings=replace(QUICK, stalled_after=0.5)) as world:
        world.model("slow", {"tokens": 10, "token_s": 0.1})
        assert (await world.chat("slow")).status_code == 200


async def test_health_of_the_engine_does_not_depend_on_its_workers(world: World) -> None:
    world.model("broken", {"fail": "No."})
    await world.chat("broken")
    response: httpx.Response = await world.http.get("/health")
    assert response.json() == {"status": "ok", "ready": 0, "active": 0, "waiting": 0}
