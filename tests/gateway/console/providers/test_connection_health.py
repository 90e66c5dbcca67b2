"""A provider's health on its page and in the list, from this process and from the log."""

from __future__ import annotations

import inspect
import random
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gateway.console.monitoring import process_health
from gateway.console.monitoring.process_health import health_of
from gateway.server import health_book, v1
from governance import services, snapshot
from governance.models import Interaction, Provider
from inference.dispatch.health import HealthBook
from inference.dispatch.shared_health import adopt
from inference.record.describe import describe
from inference.values.failures import of_status
from inference.values.health_news import HealthFromAfar, HealthNews, NodeHealth, TargetHealth
from tests.gateway.console.conftest import Member
from tests.gateway.console.sent import text_of
from tests.governance.api.conftest import caller as caller
from tests.governance.interactions.request_contexts import attempt, request_context
from tests.governance.interactions.rows import insert

pytestmark = pytest.mark.django_db
VIEW, LOG, PLAY = (
    "governance.view_provider",
    "governance.view_interaction",
    "gateway.use_playground",
)
PAGES_BOOK = vars(process_health)["book"]
LIST = "/admin/governance/provider/"


@pytest.fixture
def book(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The book of this process, new and empty."""
    made = HealthBook(rng=random.Random(1))
    monkeypatch.setattr(process_health, "book", made)
    return made


@pytest.fixture(autouse=True)
def pk(db: None, book: HealthBook) -> int:
    provider = {"name": "Fast", "kind": "openai", "base_url": "http://127.0.0.1:9/v1"}
    services.save_provider({**provider, "is_local": True, "max_concurrency": 2}, who="t")
    snapshot.refresh()
    return Provider.objects.get().pk


def tried(*attempts: Any) -> None:
    now = datetime.now(UTC).timestamp()
    insert(
        describe(
            request_context(id=f"req_{n}", at=now - 60 - n, attempts=[one], outcome=one.outcome)
        )
        for n, one in enumerate(attempts)
    )


def bad(code: str = "http_503") -> Any:
    return attempt(provider="Fast", outcome="retryable", code=code)


def part(member: Member, pk: int, *rights: str) -> str:
    return text_of(member(VIEW, *rights).get(f"/admin/connection/{pk}/health"))


def fail(book: HealthBook, times: int) -> None:
    provider = snapshot.current().providers["fast"]
    for _ in range(times):
        permit = book.acquire(provider, "m-1")
        assert permit is not None
        book.release(permit, of_status(503))


def test_what_this_process_knows(member: Member, pk: int, book: HealthBook) -> None:
    """An open breaker, requests under way, a limit; and that other processes know their own."""
    provider = snapshot.current().providers["fast"]
    book.observe(
        provider,
        "m-2",
        [(b"x-ratelimit-limit-requests", b"100"), (b"x-ratelimit-remaining-requests", b"8")],
    )
    assert book.acquire(provider, "m-2") is not None
    client = member(VIEW)
    assert "92 % of its limit" in text_of(client.get(LIST))
    fail(book, 5)
    said = text_of(client.get(f"/admin/connection/{pk}/health"))
    assert "cooling down m-1: tried after all others for" in said
    assert "m-2 open to requests 92 %" in said
    assert "1 request under way of 2 at a time." in said
    assert "each web process of the service keeps its own count" in said
    assert "cooling down" in text_of(client.get(LIST))


def test_what_the_log_says_of_all_processes(member: Member, pk: int) -> None:
    tried(bad(), bad("connect_failed"), bad(), attempt(provider="Fast"))
    client = member(VIEW, LOG)
    answer = client.get(f"{LIST}{pk}/change/")
    page = text_of(answer)
    assert "failing 3 of the last 4 attempts failed, the latest: http 503." in page
    assert "3 of 4 attempts failed (75 %)" in page
    assert "in the last hour, in all processes of the service." in page
    assert "Provider failed http_503 2 a minute ago" in page.replace("\xa0", " ")
    links = answer.content.decode()
    assert "?period=hour&amp;q=Fast%3A" in links
    assert "?period=hour&amp;provider=Fast" in links
    row = Interaction.objects.get(request_id="req_0")
    assert f"/admin/governance/interaction/{row.pk}/change/" in links
    found = client.get("/admin/governance/interaction/?period=hour&q=Fast%3A")
    assert found.content.decode().count("data-pk") == 3
    assert "failing" in text_of(client.get(LIST))


def test_who_may_not_see_the_log_sees_none_of_it(member: Member, pk: int) -> None:
    tried(bad(), bad(), bad())
    said = part(member, pk)
    assert "failing" in said
    assert "Requests with a failed attempt" not in said


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"enabled": False}, "It is switched off"),
        ({"is_local": False}, "Cloud routing is off"),
        ({}, "No routing profile names it. Nothing is held"),
        ({"is_default": True}, "Send it one to see how it fares. Open the playground"),
    ],
)
def test_where_nothing_was_tried_it_says_what_to_do(
    member: Member, pk: int, change: dict[str, bool], words: str
) -> None:
    Provider.objects.update(**change)
    said = part(member, pk, LOG, PLAY)
    assert "No request reached it in the last hour." in said
    assert words in said


def test_queries_do_not_grow_with_the_log(member: Member, pk: int) -> None:
    client = member(VIEW, LOG)
    client.get(f"/admin/connection/{pk}/health")

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/admin/connection/{pk}/health")
        return len(queries)

    tried(bad())
    few = count()
    tried(*[bad(), attempt(provider="Fast")] * 40)
    assert count() == few <= 8


def test_the_book_of_live_traffic_is_the_one_asked(book: HealthBook) -> None:
    """The book of these tests is a new one in its place."""
    assert PAGES_BOOK is health_book.book
    assert PAGES_BOOK is inspect.signature(v1.routes).parameters["book"].default
    fail(book, 5)
    (model,) = process_health.current_health()["fast"].models
    assert model.cooling_down
    assert 0 < model.seconds <= 6


def test_a_provider_that_is_gone(member: Member, pk: int) -> None:
    assert member(VIEW).get(f"/admin/connection/{pk + 1}/health").status_code == 404


def test_a_limit_that_was_renewed_is_no_news(pk: int, book: HealthBook) -> None:
    """What an upstream once said of its limits is told until the provider counts afresh."""
    provider = snapshot.current().providers["fast"]
    headers = [
        (b"x-ratelimit-limit-requests", b"100"),
        (b"x-ratelimit-remaining-requests", b"5"),
        (b"x-ratelimit-reset-requests", b"30s"),
    ]
    book.observe(provider, "m", headers)
    now = time.monotonic()
    (at_once,) = health_of(book, snapshot.current(), now)["fast"].models
    (later,) = health_of(book, snapshot.current(), now + 60)["fast"].models
    assert (at_once.used_percent, later.used_percent) == (95.0, None)


def test_what_all_processes_and_other_nodes_know(
    member: Member, pk: int, book: HealthBook, caller: Any
) -> None:
    """Load, breakers and times of the node's processes, and what another node says."""
    book.speeds.began("fast", "m-1", 0.25)
    afar = HealthFromAfar("paris", "fast", "m-9", "open", time.monotonic() + 9, 4, 0.5, 1.0)
    others = HealthNews(
        "p-2", {"fast": 1}, (TargetHealth("fast", "m-2", "ramp", 1e12, 2, 5, 0, 5, 1.0),)
    )
    adopt(book, NodeHealth((others,), (afar,)), "p-1", time.monotonic())
    said = part(member, pk)
    assert "1 request under way" in said
    assert "m-1 open to requests — — 0.25 s" in said
    assert "m-2 recovering gets 10 % of its requests" in said
    assert "paris m-9 cooling down for 9 s more 4 0.50 s" in said
    assert "All 2 web processes of this node know the same, within half a second." in said
    found = caller("governance:read").get("/providers/fast/health").json()["health"]
    assert (found["under_way"], found["processes"]) == (1, 2)
    assert [(one["model"], one["state"], one["share"]) for one in found["models"]] == [
        ("m-1", "closed", 1.0),
        ("m-2", "ramp", 0.1),
        ("m-9", "open", 1.0),
    ]
    (node,) = found["nodes"]
    assert (node["node"], node["model"], node["state"], node["under_way"]) == (
        *("paris", "m-9", "open"),
        4,
    )
