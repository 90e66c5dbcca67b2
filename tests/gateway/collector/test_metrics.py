"""`GET /metrics` over the real application: who may read it, and what it says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway import lifespan
from gateway.asgi import application
from gateway.collector.collector import Collector
from gateway.collector.metrics import may_read
from gateway.collector.places import places
from governance import snapshot
from governance.routing.table import RoutingTable, VirtualKey

KEY = "pm-metrics-key"


def table(**more: Any) -> RoutingTable:
    values: dict[str, Any] = {
        "id": "key-1",
        "name": "prometheus",
        "scopes": frozenset({"governance:read"}),
        **more,
    }
    return RoutingTable(virtual_keys={hashlib.sha256(KEY.encode()).digest(): VirtualKey(**values)})


@pytest.fixture(autouse=True)
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Any) -> Iterator[None]:
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(lifespan, "_started", True)
    snapshot.install(table())
    yield
    snapshot.install(RoutingTable())


async def get(method: str = "GET", **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=application)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        return await client.request(method, "/metrics", headers=headers)


async def test_it_works() -> None:
    """What the collector published last."""
    Collector(places(), receive_gauges=False).publish()
    answer = await get(authorization=f"Bearer {KEY}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "# TYPE pointsman_requests_total counter" in answer.text
    assert "# TYPE pointsman_time_to_first_token_seconds histogram" in answer.text


async def test_before_there_was_a_collector() -> None:
    answer = await get(authorization=f"Bearer {KEY}")
    assert answer.status_code == 503
    assert "manage.py collect" in answer.text


async def test_without_a_key_there_is_nothing_to_see() -> None:
    answer = await get()
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "pointsman_" not in answer.text


async def test_public_where_the_installation_says_so(settings: Any) -> None:
    settings.METRICS_PUBLIC = True
    Collector(places(), receive_gauges=False).publish()
    assert (await get()).status_code == 200


async def test_other_methods_are_refused() -> None:
    assert (await get("POST", authorization=f"Bearer {KEY}")).status_code == 405


@pytest.mark.parametrize(
    ("key", "virtual_key", "allowed"),
    [
        (KEY, {}, True),
        ("pm-other", {}, False),
        (KEY, {"scopes": frozenset({"inference"})}, False),
        (KEY, {"enabled": False}, False),
        (KEY, {"expires_at": 99.0}, False),
        (KEY, {"expires_at": 101.0}, True),
    ],
    ids=["good", "unknown", "another scope", "disabled", "expired", "not yet expired"],
)
def test_who_may_read(key: str, virtual_key: dict[str, Any], allowed: bool) -> None:
    headers = {b"x-api-key": key.encode()}
    assert may_read(headers, table(**virtual_key), now=100.0) is allowed
