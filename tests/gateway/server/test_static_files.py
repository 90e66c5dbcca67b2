"""Static files over ASGI: complete, conditional, in ranges, and without a warning."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from django.test import AsyncClient

pytestmark = pytest.mark.django_db  # Django looks after its connections at the end of any request.
SHEET = "/static/console/theme/console.css"
FILE = Path(__file__).resolve().parents[3] / "gateway/console/theme/console.css"


@pytest.fixture
def client() -> AsyncClient:
    warnings.simplefilter("error")
    return AsyncClient()


async def test_it_works(client: AsyncClient) -> None:
    answer = await client.get(SHEET)
    assert (answer.status_code, answer["content-type"]) == (200, 'text/css; charset="utf-8"')
    assert not answer.streaming
    assert answer.content == FILE.read_bytes()
    assert answer["content-length"] == str(FILE.stat().st_size)
    assert "max-age" in answer["cache-control"]


async def test_what_did_not_change_is_not_sent_again(client: AsyncClient) -> None:
    modified = (await client.get(SHEET))["last-modified"]
    answer = await client.get(SHEET, headers={"if-modified-since": modified})
    assert (answer.status_code, answer.content) == (304, b"")


async def test_a_range_and_a_head(client: AsyncClient) -> None:
    answer = await client.get(SHEET, headers={"range": "bytes=3-9"})
    assert (answer.status_code, answer.content) == (206, FILE.read_bytes()[3:10])
    answer = await client.head(SHEET)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["content-length"] == str(FILE.stat().st_size)


async def test_what_is_not_there(client: AsyncClient) -> None:
    assert (await client.get("/static/../settings.py")).status_code == 404
