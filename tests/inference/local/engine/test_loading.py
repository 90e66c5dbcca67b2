"""Loading on demand, and what the callers see meanwhile."""

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from inference.local.supervision.restarts import RestartPolicy
from tests.inference.local.engine.world import QUICK, World, running


async def test_it_works(world: World) -> None:
    """The first request starts the worker; the report tells all about it."""
    world.model("tiny", {"memory_bytes": 5000})
    assert (await world.report("tiny"))["state"] == "not_loaded"
    response = await world.chat("tiny", tokens=7)
    assert (response.status_code, response.json()["tokens"]) == (200, 7)
    report = await world.report("tiny")
    assert report == {
        "name": "tiny",
        "runtime": "mlx",
        "quantization": "",
        "architecture": "",
        "serves": "completions",
        "capabilities": [],
        "state": "ready",
        "progress": 1.0,
        "step": "",
        "reason": "",
        "pid": response.json()["pid"],
        "memory_bytes": 5000,
        "active": 0,
        "queued": 0,
        "loaded_at": report["loaded_at"],
        "last_used_at": report["last_used_at"],
        "restarts": 0,
        "context_length": 2048,
        "parameters": 42,
        "size_bytes": report["size_bytes"],
    }
    assert report["loaded_at"] <= report["last_used_at"]
    assert report["size_bytes"] > 1000
    whole = (await world.http.get("/engine/models")).json()
    assert (whole["memory_budget_bytes"], whole["memory_used_bytes"]) == (10**9, 5000)


async def test_concurrent_requests_share_one_load(world: World) -> None:
    world.model("tiny", {"load_s": 0.3})
    answers = await asyncio.gather(*(world.chat("tiny") for _ in range(12)))
    assert [answer.status_code for answer in answers] == [200] * 12
    assert len(world.events("tiny", "start")) == 1


async def test_streaming_callers_hear_the_progress(world: World) -> None:
    """Comments come while the model loads, then the worker's events, byte for byte."""
    world.model("slow", {"load_s": 0.5, "load_steps": 5})
    status, lines = await world.stream("slow", tokens=2)
    assert status == 200
    comments = [line for line in lines if line.startswith(":")]
    assert ": loading 20%" in comments
    assert ": loading 80%" in comments
    assert lines[len(comments) :] == ['data: {"token": 0}', 'data: {"token": 1}', "data: [DONE]"]


async def test_the_report_shows_a_load_on_its_way(world: World) -> None:
    world.model("slow", {"load_s": 0.6, "load_steps": 3})
    asking = asyncio.create_task(world.chat("slow"))
    report = await world.until("slow", state="loading", step="reading weights")
    assert 0.0 <= report["progress"] < 1.0
    assert report["queued"] == 1
    assert (await asking).status_code == 200


async def test_a_failed_load_is_a_503_with_the_reason(world: World) -> None:
    world.model("broken", {"fail": "The tokenizer is missing."})
    response = await world.chat("broken")
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) >= 1
    error = response.json()["error"]
    assert error["code"] == "model_failed"
    assert "The tokenizer is missing." in error["message"]
    report = await world.report("broken")
    assert (report["state"], report["reason"]) == ("failed", "The tokenizer is missing.")


async def test_a_failed_load_ends_a_stream_with_an_error_event(world: World) -> None:
    world.model("broken", {"load_s": 0.3, "fail": "The tokenizer is missing."})
    status, lines = await world.stream("broken")
    assert status == 200, "the comments had to go out before the load failed"
    assert json.loads(lines[-1].removeprefix("data: "))["error"]["code"] == "model_failed"
    assert not any("[DONE]" in line for line in lines)


async def test_a_quick_failure_of_a_stream_keeps_its_status(tmp_path: Path) -> None:
    """No comment went out yet, so the caller gets a 503 that it can act on."""
    async with running(tmp_path, timings=replace(QUICK, comment_every=10)) as world:
        world.model("broken", {"fail": "No."})
        status, _ = await world.stream("broken")
        assert status == 503


async def test_a_crash_while_loading_is_tried_once_more_at_once(world: World) -> None:
    """The same request is answered by the second process."""
    world.model("shaky", {"crash_on_load": True}, {})
    assert (await world.chat("shaky")).status_code == 200
    assert (await world.report("shaky"))["restarts"] == 1


async def test_the_last_words_of_a_worker_that_keeps_crashing_are_the_reason(
    world: World,
) -> None:
    world.model("shaky", {"crash_on_load": True})
    response = await world.chat("shaky")
    assert response.status_code == 503
    assert "exit code 7: Traceback: the model is broken" in response.json()["error"]["message"]


@pytest.mark.parametrize("how", ["stated", "last words"])
async def test_neither_callers_nor_reports_are_told_paths(world: World, how: str) -> None:
    """A library names the files it misses; whoever asks needs the model's name alone."""
    words = f"No safetensors found in {world.models}/bare, see '{sys.prefix}/my lib/utils.py'"
    told = {"fail": words} if how == "stated" else {"crash_on_load": True, "words": words}
    world.model("bare", told)
    answer = await world.chat("bare")
    reason = (await world.report("bare"))["reason"]
    assert answer.status_code == 503
    for said in (answer.json()["error"]["message"], reason):
        assert "No safetensors found in bare, see 'utils.py'" in said
        assert "/" not in said


async def test_a_load_that_hangs_is_ended(tmp_path: Path) -> None:
    async with running(tmp_path, timings=replace(QUICK, load_stalled_after=2.0)) as world:
        world.model("hung", {"hang_on_load": True}, {})
        assert (await world.chat("hung")).status_code == 200
        assert (await world.report("hung"))["restarts"] == 1


async def test_an_unknown_model_is_a_404_that_names_the_others(world: World) -> None:
    world.model("one")
    world.model("two")
    for name in ("three", "../one", "one/", ".", ""):
        response = await world.chat(name)
        assert response.status_code == (404 if name else 400), name
    error = (await world.chat("three")).json()["error"]
    assert error["code"] == "model_not_found"
    assert error["message"].endswith("The models there are: one, two.")


async def test_an_operator_loads_and_it_is_idempotent(world: World) -> None:
    world.model("tiny", {"load_s": 0.1})
    for _ in range(3):
        assert (await world.http.post("/engine/models/tiny/load")).status_code == 202
    await world.until("tiny", state="ready")
    assert (await world.http.post("/engine/models/tiny/load")).status_code == 202
    assert len(world.events("tiny", "start")) == 1
    assert (await world.http.post("/engine/models/none/load")).status_code == 404


async def test_an_operators_load_knows_no_backoff(tmp_path: Path) -> None:
    slow = RestartPolicy(base_s=1000, cap_s=1000)
    async with running(tmp_path, restarts=slow) as world:
        world.model("broken", {"fail": "No."}, {"fail": "No."}, {})
        assert (await world.chat("broken")).status_code == 503
        assert (await world.chat("broken")).status_code == 503
        refused = await world.chat("broken")
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 5
        assert len(world.events("broken", "start")) == 2, "the backoff holds requests off"
        await world.http.post("/engine/models/broken/load")
        await world.until("broken", state="ready")


async def test_too_many_waiting_requests_are_turned_away(tmp_path: Path) -> None:
    async with running(tmp_path, max_waiting=2) as world:
        world.model("slow", {"load_s": 0.4})
        answers = await asyncio.gather(*(world.chat("slow") for _ in range(5)))
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses == [200, 200, 429, 429, 429]
        assert all("retry-after" in a.headers for a in answers if a.status_code == 429)
