"""`/livez` and `/readyz`, which say when the collector is away and send nobody elsewhere."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.asgi import application
from gateway.collector import status
from gateway.collector.places import places
from governance import snapshot


@pytest.fixture(autouse=True)
def ready(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(snapshot, "ready", lambda: True)


async def get(path: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=application)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        return await client.get(path)


async def test_it_works() -> None:
    directory = places().published
    directory.mkdir(parents=True)
    status.write(directory, status.Status(time.time(), 1))
    for path in ("/livez", "/readyz"):
        answer = await get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("age", [None, 60.0])
async def test_without_a_collector(age: float | None) -> None:
    """It serves all the same, and names the command."""
    if age is not None:
        places().published.mkdir(parents=True)
        status.write(places().published, status.Status(time.time() - age, 1))
    answer = await get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert "manage.py collect" in answer.json()["collector"]
    assert (await get("/livez")).json() == {"status": "ok"}
