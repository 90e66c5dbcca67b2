"""The place in the local queue comes from the key and the endpoint, never from the caller."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.test import override_settings

from inference.dispatch.priority import priority
from inference.upstream.backend import backend_of
from inference.values.parsed_request import Priority
from tests.inference.tables import HEADERS, chain, provider, rebuilt, virtual_keys
from tests.support import openai_shapes as shapes
from tests.support.serving import served
from tests.support.upstream import Json, Upstream


@pytest.mark.parametrize(
    ("key", "endpoint", "place"),
    [
        ("normal", "normal", "normal"),
        ("normal", "low", "low"),
        ("high", "low", "high"),
        ("low", "normal", "low"),
    ],
)
def test_key_and_endpoint(key: str, endpoint: Priority, place: str) -> None:
    assert priority(key, endpoint) == place


@pytest.fixture
def engine() -> Iterator[Upstream]:
    """A scripted engine where the built-in one would listen."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "e.sock")
        with Upstream(Json(shapes.completion()), uds=Path(path)) as upstream:
            with override_settings(ENGINE_SOCKET=path):
                backend_of.cache_clear()
                yield upstream
                backend_of.cache_clear()


def test_the_engine_is_told_and_the_caller_is_not_believed(engine: Upstream) -> None:
    table = chain(provider("mlx", "", kind="mlx", api_key=""))
    ask: dict[str, Any] = {"model": "light/x", "messages": [{"role": "user", "content": "hi"}]}
    lying = {**HEADERS, "x-pointsman-priority": "high"}
    with served(rebuilt(table, virtual_keys=virtual_keys(priority="low"))) as gateway:
        httpx.post(f"{gateway.url}/v1/chat/completions", json=ask, headers=lying)
    with served(table) as gateway:
        httpx.post(f"{gateway.url}/v1/chat/completions", json=ask, headers=lying)
    assert [one.headers.get("x-pointsman-priority") for one in engine.asked] == ["low", None]
