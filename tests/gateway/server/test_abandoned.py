"""A caller who leaves ends the query that runs for it; one who stays, or who writes, does not."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import dj_database_url
import psycopg
import pytest
from django.core.handlers.asgi import ASGIHandler
from django.db import connection
from django.db.utils import ConnectionHandler
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path

from gateway.server.abandoned import interrupting

pytestmark = pytest.mark.django_db(transaction=True)
NUMBERS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < {last}) "
QUERIES = {
    "counting": NUMBERS + "SELECT count(*) FROM n",
    # The first row is there at once: the rest is sought while rows are fetched.
    "fetching": NUMBERS + "SELECT x FROM n WHERE x = 1 OR x < 0",
}
MANY = 100_000_000
"""Half a minute."""
begun = threading.Event()
ended: list[str] = []


def view(request: HttpRequest, query: str, last: int) -> HttpResponse:
    with connection.cursor() as cursor:
        begun.set()
        try:
            cursor.execute(QUERIES[query].format(last=last))
            cursor.fetchall()
            cursor.execute("SELECT 1")
        except BaseException as error:
            ended.append(type(error).__name__)
            raise
    ended.append("whole")
    return HttpResponse("found")


class OnPostgres:
    """Connections to a server from a pool, as the service has them."""

    def __init__(self, url: str) -> None:
        self.url = url
        options = {"pool": {"min_size": 0, "max_size": 1, "timeout": 5}}
        server = {**dj_database_url.parse(url), "OPTIONS": options}
        self._connections = ConnectionHandler({"default": {}, "there": server})

    def view(self, request: HttpRequest, seconds: int) -> HttpResponse:
        there = self._connections["there"]
        try:
            with there.cursor() as cursor:
                begun.set()
                cursor.execute("SELECT pg_sleep(%s)", [seconds])
        except BaseException as error:
            ended.append(type(error).__name__)
            raise
        finally:
            there.close()
        ended.append("whole")
        return HttpResponse("slept")

    def running(self) -> int:
        """Queries of such pages, as the server tells."""
        asked = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE %s"
        with psycopg.connect(self.url) as asking:
            found = asking.execute(asked, ["SELECT pg_sleep%"]).fetchone()
        assert found is not None
        return int(found[0])

    def close(self) -> None:
        self._connections["there"].close_pool()  # type: ignore[attr-defined]


on_postgres: list[OnPostgres] = []


@pytest.fixture
def server(postgres_server: str) -> Iterator[OnPostgres]:
    there = OnPostgres(postgres_server)
    on_postgres[:] = [there]
    yield there
    there.close()


def sleeping(request: HttpRequest, seconds: int) -> HttpResponse:
    return on_postgres[0].view(request, seconds)


urlpatterns = [path("sleeping/<int:seconds>", sleeping), path("<str:query>/<int:last>", view)]


class Visit:
    """An ASGI exchange whose caller leaves when told."""

    def __init__(self, address: str, method: str = "GET") -> None:
        self.scope = {
            "type": "http",
            "method": method,
            "path": f"/{address}",
            "headers": [],
            "query_string": b"",
        }
        self.leaves = asyncio.Event()
        self.asked = False
        self.sent: list[Any] = []

    async def receive(self) -> Any:
        if not self.asked:
            self.asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.leaves.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.sent.append(message)


async def visit(address: str, method: str = "GET", *, leave: bool) -> Visit:
    begun.clear()
    ended.clear()
    with override_settings(
        ROOT_URLCONF=__name__, MIDDLEWARE=["gateway.server.abandoned.AbandonedPages"]
    ):
        app = interrupting(ASGIHandler())
        made = Visit(address, method)
        running = asyncio.create_task(app(made.scope, made.receive, made.send))
        await asyncio.to_thread(begun.wait, 10)
        if leave:
            await asyncio.sleep(0.05)
            made.leaves.set()
        async with asyncio.timeout(15):
            await running
    return made


@pytest.mark.parametrize("query", QUERIES)
async def test_who_leaves_ends_the_query(query: str, caplog: pytest.LogCaptureFixture) -> None:
    left = await visit(f"{query}/{MANY}", leave=True)
    assert left.sent == []
    assert ended
    assert ended != ["whole"]
    assert not caplog.records, "it is no failure of ours"


async def test_who_stays_is_answered() -> None:
    stayed = await visit("counting/1000", leave=False)
    assert [one["type"] for one in stayed.sent] == ["http.response.start", "http.response.body"]
    assert ended == ["whole"]


async def test_what_writes_is_done_to_its_end() -> None:
    await visit("counting/2000000", "POST", leave=True)
    assert ended == ["whole"]


async def test_who_leaves_ends_the_query_of_a_postgresql_server(
    server: OnPostgres, caplog: pytest.LogCaptureFixture
) -> None:
    """The server goes on by itself where it is not told, also when the connection is let go."""
    left = await visit("sleeping/30", leave=True)
    assert left.sent == []
    assert ended == ["NobodyWaits"]
    assert server.running() == 0
    assert not caplog.records, "it is no failure of ours"
    stayed = await visit("sleeping/0", leave=False)
    assert [one["type"] for one in stayed.sent] == ["http.response.start", "http.response.body"]
    assert ended == ["whole"], "the connection is good for others"
