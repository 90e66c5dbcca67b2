"""A real engine on a real socket, with fake workers and impatient timings."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import httpx
import uvicorn

from inference.local.engine.app import EngineApp
from inference.local.engine.fleet import Fleet
from inference.local.engine.housekeeping import keep_house
from inference.local.engine.launcher import Launcher
from inference.local.engine.listen import Listener
from inference.local.engine.settings import EngineSettings, Timings
from inference.local.engine.supervisor import WorkerSupervisor
from tests.inference.local.engine.fake_worker import read_log

FAKE_WORKER = (sys.executable, "-S", str(Path(__file__).with_name("fake_worker.py")))

QUICK = Timings(
    comment_every=0.05,
    room_patience=0.4,
    restart_patience=1.0,
    term_grace=0.5,
    health_every=0.1,
    health_timeout=0.2,
    tick=0.05,
)


def make_model(folder: Path, name: str, *behaviours: dict[str, Any], size: int = 1000) -> Path:
    """A model folder whose files have that size, without taking up the disk."""
    path = folder / name
    path.mkdir(parents=True)
    (path / "config.json").write_text("{}")
    (path / "behaviour.json").write_text(json.dumps(behaviours or ({},)))
    with (path / "weights.safetensors").open("wb") as file:
        file.truncate(size)
    return path


class World:
    """What a test sees of the engine: HTTP from outside, and the worker's own log."""

    def __init__(self, models: Path, socket_path: Path, fleet: Fleet) -> None:
        self.models = models
        self.socket_path = socket_path
        self.fleet = fleet
        transport = httpx.AsyncHTTPTransport(uds=str(socket_path))
        self.http = httpx.AsyncClient(transport=transport, base_url="http://engine", timeout=20)

    def model(self, name: str, *behaviours: dict[str, Any], size: int = 1000) -> Path:
        return make_model(self.models, name, *behaviours, size=size)

    def events(self, name: str, event: str) -> list[dict[str, Any]]:
        return [entry for entry in read_log(self.models / name) if entry["event"] == event]

    async def chat(self, model: str, **fields: Any) -> httpx.Response:
        return await self.http.post("/v1/chat/completions", json={"model": model, **fields})

    async def stream(
        self, model: str, lines: list[str] | None = None, **fields: Any
    ) -> tuple[int, list[str]]:
        """Status and the lines of a stream that are not empty; `lines` gets them as they come."""
        body = {"model": model, "stream": True, **fields}
        lines = [] if lines is None else lines
        async with self.http.stream("POST", "/v1/chat/completions", json=body) as response:
            async for line in response.aiter_lines():
                if line:
                    lines.append(line)
            return response.status_code, lines

    async def report(self, name: str) -> dict[str, Any]:
        models = (await self.http.get("/engine/models")).json()["models"]
        return next(model for model in models if model["name"] == name)

    async def until(self, name: str, **wanted: Any) -> dict[str, Any]:
        """Wait for the model's report to have these values."""
        async with asyncio.timeout(10):
            while True:
                report = await self.report(name)
                if all(report[key] == value for key, value in wanted.items()):
                    return report
                await asyncio.sleep(0.02)

    async def until_event(self, name: str, event: str, count: int = 1) -> list[dict[str, Any]]:
        async with asyncio.timeout(10):
            while len(events := self.events(name, event)) < count:
                await asyncio.sleep(0.02)
            return events


@contextlib.asynccontextmanager
async def running(tmp_path: Path, **changes: Any) -> AsyncIterator[World]:
    """An engine in this event loop; `changes` are fields of EngineSettings."""
    settings = {
        "models_dir": tmp_path / "models",
        "memory_budget_bytes": 10**9,
        "timings": QUICK,
        "worker_base_bytes": 0,
        **changes,
    }
    engine_settings = EngineSettings(**settings)
    listener = Listener(tmp_path / "engine.sock")
    launcher = Launcher(FAKE_WORKER, os.environ, listener.worker_dir, engine_settings)
    fleet = Fleet(engine_settings, launcher.prepare, rng=Random(1))
    config = uvicorn.Config(EngineApp(WorkerSupervisor(fleet)), lifespan="off", log_config=None)
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup([listener.socket])
    house = asyncio.create_task(keep_house(fleet))
    world = World(engine_settings.models_dir, listener.path, fleet)
    try:
        yield world
    finally:
        await world.http.aclose()
        house.cancel()
        await fleet.close()
        server.force_exit = True
        await server.shutdown([listener.socket])
        listener.close()


def alive(pid: int) -> bool:
    """A zombie does not count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
