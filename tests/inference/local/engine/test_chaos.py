"""Everything at once: callers of three models, room for two, and workers killed at random."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path
from random import Random

from inference.local.supervision.restarts import RestartPolicy
from tests.inference.local.engine.world import World, running

NAMES = ("a", "b", "c")
BUDGET = 10_000


async def call(world: World, rng: Random) -> str:
    """One caller's visit, in a word."""
    name = rng.choice(NAMES)
    if rng.random() < 0.5:
        status = (await world.chat(name)).status_code
        assert status in (200, 502, 503)
        return "answered" if status == 200 else "refused"
    status, lines = await world.stream(name)
    if status != 200:
        assert status in (502, 503)
        return "refused"
    assert ("[DONE]" in lines[-1]) != ('"error"' in lines[-1]), "exactly one kind of end"
    return "answered" if "[DONE]" in lines[-1] else "broken off"


async def kill(world: World, rng: Random) -> None:
    """Three workers die, each at a moment of its own."""
    for _ in range(3):
        await asyncio.sleep(rng.uniform(0.2, 0.5))
        pids = [slot.process.pid for slot in world.fleet.slots.values() if slot.process]
        if pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(rng.choice(pids), signal.SIGKILL)


async def watch(world: World) -> None:
    """The budget holds at every change."""
    while True:
        assert sum(r.size_bytes for r in world.fleet.residents()) <= BUDGET
        await world.fleet.changes.wait()


async def test_nobody_is_left_without_an_answer(tmp_path: Path) -> None:
    """Every caller gets a whole answer or an error, and afterwards every model works."""
    rng = Random(5)
    brief = RestartPolicy(base_s=0.1, cap_s=0.3)
    async with running(tmp_path, memory_budget_bytes=BUDGET, restarts=brief) as world:
        for name in NAMES:
            told = {"memory_bytes": 4000, "tokens": 10, "token_s": 0.02, "load_s": 0.05}
            world.model(name, told, size=4000)
        watching = asyncio.create_task(watch(world))
        killing = asyncio.create_task(kill(world, rng))
        outcomes = []
        for _ in range(4):
            outcomes += await asyncio.gather(*(call(world, rng) for _ in range(8)))
        await killing
        assert outcomes.count("answered") >= len(outcomes) / 4
        for name in NAMES:
            assert (await world.chat(name)).status_code == 200
        assert not watching.done(), watching.exception()
        watching.cancel()
        assert all(slot.users == slot.waiting == 0 for slot in world.fleet.slots.values())
