"""`/api/governance/interactions`: list, filters, pages, one, export."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec
import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext

from governance import services, snapshot
from governance.interactions.exporting import PIECE
from governance.interactions.record import InteractionRecord
from governance.models import Interaction
from governance.routing.request import RoutingRequest
from governance.routing.table import Profile, RoutingTable, VirtualKey
from inference.record.describe import describe
from tests.governance.interactions.request_contexts import NOON, attempt, plan, request_context
from tests.governance.interactions.rows import insert, insert_at, insert_many
from tests.support.timing import is_quick

ROOT = "/api/governance/interactions"
Get = Callable[..., Any]


@pytest.fixture(autouse=True)
def clean_table() -> Iterator[None]:
    snapshot.install(RoutingTable())
    yield
    snapshot.install(RoutingTable())


@pytest.fixture
def headers(db: None) -> dict[str, str]:
    _, secret = services.create_key({"name": "reader", "scopes": ["governance:read"]}, who="test")
    return {"Authorization": f"Bearer {secret}"}


@pytest.fixture
def get(headers: dict[str, str]) -> Get:
    client = Client(raise_request_exception=False)

    def get(path: str = "", **query: str) -> Any:
        """`path` below the root, or an address from `next` or `previous`."""
        parts = urlsplit(path if path.startswith("http") else ROOT + path)
        asked = urlencode(query) or parts.query
        return client.get(f"{parts.path}?{asked}", headers=headers)

    return get


def found(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [one["id"] for one in answer.json()["interactions"]]


def test_it_works(get: Get) -> None:
    """The latest first, each as the JSONL log has it."""
    record = describe(request_context(id="req_7"), cost_usd=0.0)
    insert([record])
    document = get().json()
    assert document == {
        "interactions": [msgspec.json.decode(msgspec.json.encode(record))],
        "next": None,
        "previous": None,
    }


def test_pages(get: Get) -> None:
    """Following `next` meets every interaction once, though more arrive meanwhile; `previous` goes
    back, and both keep the filters."""
    insert_at(*range(7))
    insert_at(3.5, outcome="cancelled")
    first = get(limit="3", outcome="ok")
    seen = found(first)
    assert first.json()["previous"] is None
    insert_at(100)
    address = first.json()["next"]
    while address:
        page = get(address)
        seen += found(page)
        address, back = page.json()["next"], page.json()["previous"]
    assert seen == [f"req_{number}" for number in reversed(range(7))]
    assert found(get(back)) == ["req_3", "req_2", "req_1"]


OTHER = Profile(id="p-2", name="Other", virtual_provider="other", targets=())
ODD = {
    "profile": request_context(id="odd", plan=plan(profile=OTHER)),
    "provider": request_context(id="odd", attempts=[attempt(provider="Capable")]),
    "key": request_context(
        id="odd", virtual_key=VirtualKey(id="key-2", name="other", scopes=frozenset())
    ),
    "model": request_context(id="odd", attempts=[attempt(model="large")]),
    "asked": request_context(id="odd", routing_request=RoutingRequest(model="other/small")),
    "failed": request_context(
        id="odd",
        attempts=[attempt(outcome="retryable", code="http_503", status=503)],
        outcome="retryable",
        error_code="http_503",
    ),
    "fallback": request_context(
        id="odd",
        attempts=[
            attempt(outcome="retryable", code="connect_failed"),
            attempt(provider="slow"),
        ],
    ),
    "early": request_context(id="odd", at=NOON - 60),
    "late": request_context(id="odd", at=NOON + 60),
}


@pytest.mark.parametrize(
    ("odd", "query"),
    [
        ("profile", {"profile": "p-2"}),
        ("provider", {"provider": "Capable"}),
        ("key", {"key": "key-2"}),
        ("model", {"model": "large"}),
        ("asked", {"requested_model": "other/small"}),
        ("failed", {"outcome": "retryable"}),
        ("failed", {"error": "503"}),
        ("failed", {"error": "HTTP_503 fast"}),
        ("fallback", {"fallback": "target"}),
        ("fallback", {"error": "fast:connect_failed"}),
        ("early", {"to": "2030-03-17T17:46:00Z"}),
        ("late", {"from": "2030-03-17T17:47:00Z"}),
        ("late", {"from": "2030-03-17T18:47:00+01:00", "to": "2030-03-18"}),
        ("late", {"id": "odd"}),
    ],
    ids=lambda value: "&".join(value) if isinstance(value, dict) else value,
)
def test_filters(get: Get, odd: str, query: dict[str, str]) -> None:
    """Each filter finds the one interaction that is different, and no other."""
    insert([describe(request_context(id="even")), describe(ODD[odd])])
    assert found(get(**query)) == ["odd"]


def test_names_of_what_is_configured_do_for_ids(get: Get) -> None:
    """A profile by name or virtual provider, a key by name, a provider in any case."""
    services.save_provider(
        {"name": "Capable", "kind": "openai", "base_url": "http://127.0.0.1:9/v1"}, who="test"
    )
    services.save_profile(
        {
            "id": "p-2",
            "name": "My other",
            "virtual_provider": "other",
            "targets": [{"provider": "Capable", "model": "m"}],
        },
        who="test",
    )
    key, _ = services.create_key({"name": "CI", "scopes": ["inference"]}, who="test")
    key_id = key.document["id"]
    insert(
        [
            describe(request_context(id="even")),
            describe(
                request_context(
                    id="odd",
                    plan=plan(profile=OTHER),
                    attempts=[attempt(provider="Capable")],
                    virtual_key=VirtualKey(id=key_id, name="CI", scopes=frozenset()),
                )
            ),
        ]
    )
    for query in (
        {"profile": "my other"},
        {"profile": "OTHER"},
        {"provider": "capable"},
        {"key": "ci"},
        {"key": key_id},
    ):
        assert found(get(**query)) == ["odd"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"outcome": "fine"}, "outcome"),
        ({"fallback": "maybe"}, "fallback"),
        ({"from": "yesterday"}, "from"),
        ({"limit": "0"}, "limit"),
        ({"limit": "501"}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"cursor": "x"}, "cursor"),
    ],
    ids=str,
)
def test_bad_questions(get: Get, query: dict[str, str], field: str) -> None:
    """A 400 that names the parameter, never a filter that does nothing."""
    answer = get(**query)
    assert answer.status_code == 400
    assert field in answer.json()["error"]["fields"]


def test_bad_questions_to_the_export(get: Get) -> None:
    assert get("/export", outcome="fine").status_code == 400


def test_one(get: Get) -> None:
    """By its request id, which callers may use twice: then it is the latest."""
    insert(
        [
            describe(request_context(id="mine", duration=1)),
            describe(request_context(id="mine", duration=2)),
        ]
    )
    assert get("/mine").json()["interaction"]["duration_ms"] == 2000
    assert get("/nobody's").status_code == 404
    assert get("/" + quote("\0", safe="")).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["", "/export", "/req_1"])
def test_who_may_read(path: str) -> None:
    """Neither strangers nor keys made for chat."""
    _, secret = services.create_key({"name": "chat", "scopes": ["inference"]}, who="test")
    client = Client()
    assert client.get(ROOT + path).status_code == 401
    chat = {"Authorization": f"Bearer {secret}"}
    assert client.get(ROOT + path, headers=chat).status_code == 403


def test_nothing_can_be_written(get: Get, headers: dict[str, str]) -> None:
    insert_at(0)
    for method in ("post", "put", "patch", "delete"):
        for path in ("", "/req_0"):
            answer = getattr(Client(), method)(ROOT + path, headers=headers)
            assert answer.status_code in (403, 405)
    assert found(get()) == ["req_0"]


async def export(headers: dict[str, str], **query: str) -> list[InteractionRecord]:
    answer: Any = await AsyncClient().get(f"{ROOT}/export", query, headers=headers)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/x-ndjson"
    body = b"".join([piece async for piece in answer.streaming_content])
    return [msgspec.json.decode(line, type=InteractionRecord) for line in body.splitlines()]


@pytest.mark.django_db(transaction=True)
async def test_export(headers: dict[str, str]) -> None:
    """The same records, narrowed by the same filters, the oldest first."""
    records = [describe(request_context(id=f"req_{i}", at=NOON + i)) for i in range(3)]
    await _async(insert, [*records, describe(ODD["failed"])])
    assert await export(headers, outcome="ok") == records
    assert [one.id for one in await export(headers, outcome="retryable")] == ["odd"]
    assert await export(headers, outcome="cancelled") == []


@pytest.mark.django_db(transaction=True)
async def test_an_export_stays_small(headers: dict[str, str]) -> None:
    """However long it is, some rows are in memory at a time; what arrives meanwhile waits for the
    next export."""
    count = PIECE * 12 + 1
    await _async(insert_many, count)
    answer: Any = await AsyncClient().get(f"{ROOT}/export", headers=headers)
    pieces, lines = 0, 0
    tracemalloc.start()
    async for piece in answer.streaming_content:
        pieces += 1
        lines += piece.count(b"\n")
        if pieces == 1:
            await _async(insert_at, 9_999_999)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (pieces, lines) == (13, count)
    assert peak < 12 * 1024 * 1024


async def _async(function: Callable[..., None], *arguments: Any) -> None:
    await sync_to_async(function)(*arguments)


@pytest.mark.django_db
def test_a_hundred_thousand_rows(get: Get) -> None:
    """Whatever is asked, a page comes quickly, by one query of the log that counts nothing."""
    insert_many(100_000)
    get()
    queries: list[dict[str, str]] = [
        {},
        {"outcome": "ok"},
        {"outcome": "cancelled"},
        {"provider": "slow"},
        {"provider": "nobody"},
        {"profile": "p-1"},
        {"key": "key-1"},
        {"model": "huge"},
        {"fallback": "none"},
        {"error": "http_503"},
        {"error": "nowhere"},
        {"from": "2030-03-18T00:00:00Z", "to": "2030-03-18T06:00:00Z", "outcome": "retryable"},
    ]

    def seconds(query: dict[str, str]) -> float:
        began = time.perf_counter()
        with CaptureQueriesContext(connection) as captured:
            answer = get(**query)
        took = time.perf_counter() - began
        assert answer.status_code == 200
        of_log = [one["sql"] for one in captured if "governance_interaction" in one["sql"]]
        assert len(of_log) == 1, query
        assert "COUNT" not in of_log[0]
        return took

    for query in queries:
        assert is_quick(partial(seconds, query), 0.3), query
    deep = get(limit="500", outcome="ok")
    for _ in range(5):
        deep = get(deep.json()["next"])
    assert len(found(deep)) == 500
    assert Interaction.objects.count() == 100_000
