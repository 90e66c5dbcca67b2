"""The first page of the admin: who sees what on it, and that it never grows with the log."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from gateway.collector.store import Store
from governance import services, snapshot
from governance.models import Provider
from inference.record.describe import describe
from tests.gateway.console.conftest import Engine, Member
from tests.governance.interactions.request_contexts import attempt, request_context

pytestmark = pytest.mark.django_db
ROUTING = ("governance.view_provider", "governance.view_routingprofile")
TRAFFIC = "governance.view_interaction"


@pytest.fixture(autouse=True)
def forget() -> None:
    cache.clear()


def just_now(**more: object) -> None:
    record = describe(request_context(at=datetime.now(UTC).timestamp() - 5, **more))
    Store("test").commit([record], [], {})


def test_it_works(member: Member) -> None:
    """Figures, what is wrong, what changed."""
    services.save_provider(
        {"name": "openai", "kind": "openai", "base_url": "https://api.openai.com/v1"}, who="ann"
    )
    services.save_profile(
        {
            "id": "cloudy",
            "name": "Cloudy",
            "virtual_provider": "cloudy",
            "targets": [{"provider": "openai"}],
        },
        who="ann",
    )
    snapshot.refresh()
    just_now(attempts=[attempt(provider="openai", outcome="misconfigured", code="http_401")])
    rights = (*ROUTING, TRAFFIC, "governance.view_revision", "governance.change_provider")
    shown = member(*rights).get("/admin/").content.decode()
    assert "Cloudy leads only to the cloud, which is off" in shown
    assert "openai refuses this gateway" in shown
    assert "First steps" in shown
    assert "By Routing profile" in shown
    assert "Test the connection" in shown
    assert "Created provider &quot;openai&quot;." in shown


def test_the_part_that_changes_is_the_same(member: Member) -> None:
    just_now()
    client = member(TRAFFIC)
    part = client.get("/admin/dashboard?period=day").content.decode()
    rest = client.get("/admin/dashboard?period=day&part=rest").content.decode()
    assert "By Routing profile" in rest
    assert "<html" not in part + rest
    whole = client.get("/admin/?period=day").content.decode()
    assert part.strip() in whole
    assert rest.strip() in whole


def test_an_unknown_period_is_the_hour(member: Member) -> None:
    assert b"Each bar is 1 minute" in member(TRAFFIC).get("/admin/dashboard?period=<x>").content


@pytest.mark.parametrize(
    ("rights", "seen"),
    [
        ((), set()),
        ((TRAFFIC,), {"Traffic"}),
        (ROUTING, {"Needs attention", "First steps"}),
        (("governance.view_revision",), {"Latest changes"}),
    ],
)
def test_each_sees_what_they_may(member: Member, rights: tuple[str, ...], seen: set[str]) -> None:
    services.save_provider({"name": "a", "kind": "mlx"}, who="ann")
    Provider.objects.update(sealed_api_key="torn")
    shown = member(*rights).get("/admin/").content.decode()
    parts = {"Traffic", "Needs attention", "First steps", "Latest changes"}
    assert {part for part in parts if f">{part}</h2>" in shown} == seen


def test_strangers_see_nothing(member: Member) -> None:
    client = member()
    client.logout()
    assert client.get("/admin/dashboard").status_code == 302


def test_an_engine_that_does_not_run_is_told_where_a_provider_needs_it(
    member: Member, settings: Settings, tmp_path: Path, engine: Engine
) -> None:
    client = member(*ROUTING, "gateway.view_engine")
    settings.ENGINE_SOCKET = str(tmp_path / "none.sock")
    assert b"does not run" not in client.get("/admin/dashboard").content
    services.save_provider({"name": "mlx", "kind": "mlx"}, who="ann")
    snapshot.refresh()
    shown = client.get("/admin/dashboard").content.decode()
    assert 'href="/admin/engine/">The local engine does not run' in shown
    settings.ENGINE_SOCKET = engine.socket
    engine.model("torn", {"fail": "The weights are torn."})
    engine.client.load("torn")
    engine.until("torn", "failed")
    shown = client.get("/admin/dashboard").content.decode()
    assert "does not run" not in shown
    assert "torn failed" in shown


def test_figures_are_shared_between_pages(member: Member) -> None:
    """Many open pages ask the database as often as one."""
    client = member(TRAFFIC)
    client.get("/admin/dashboard")
    with CaptureQueriesContext(connection) as captured:
        client.get("/admin/dashboard")
    assert not [one for one in captured if "governance_interaction" in one["sql"]]


def test_the_number_of_queries_stays_the_same(member: Member) -> None:
    client = member(*ROUTING, TRAFFIC, "governance.view_revision", "gateway.view_engine")

    def queries() -> int:
        cache.clear()
        with CaptureQueriesContext(connection) as captured:
            client.get("/admin/dashboard")
            client.get("/admin/dashboard?part=rest")
        return len(captured)

    queries()
    just_now()
    few = queries()
    for number in range(5):
        just_now(id=f"r{number}", attempts=[attempt(provider=f"p{number}")])
    assert queries() == few <= 42


def test_figures_agree_with_the_list(member: Member) -> None:
    """Tiles, the top ten and the list that they lead to tell the same requests."""
    services.save_provider({"name": "b", "kind": "openai", "base_url": "http://b/v1"}, who="ann")
    failed = attempt(provider="a", outcome="retryable", code="http_503")
    just_now(id="r1", attempts=[failed, attempt(provider="b")])
    just_now(id="r2", attempts=[failed], outcome="retryable", error_code="http_503")
    just_now(id="r3", attempts=[attempt(provider="b")], outcome="cancelled")
    client = member(TRAFFIC)
    answer = client.get("/admin/?period=hour&by=provider")
    said = {tile.code: tile for tile in answer.context["tiles"]}
    assert [said[one].value for one in ("requests", "errors", "failed", "fallbacks")] == [
        *("3", "1", "2", "2")
    ]
    assert said["cost"].value == "price unknown", "never $0.00"
    rows = {row.value: row.sums for row in answer.context["top"]}
    assert (rows["a"].requests, rows["a"].errors, rows["a"].failed) == (1, 1, 2)
    assert (rows["b"].requests, rows["b"].errors, rows["b"].fallbacks) == (2, 0, 2)
    log = "/admin/governance/interaction/"
    for query, count in ((said["errors"].query, 1), (said["fallbacks"].query, 2), ("q=a:", 2)):
        assert len(client.get(f"{log}?{query}&period=hour").context["listed"].rows) == count
        summary = client.get(f"/admin/interactions/summary?{query}&period=hour")
        assert summary.context["summary"].totals.requests == count


@pytest.mark.parametrize("period", ["hour", "day", "week", "month", "quarter"])
def test_any_range_has_charts_of_equal_length(member: Member, period: str) -> None:
    just_now()
    answer = member(TRAFFIC).get(f"/admin/?period={period}")
    charts = answer.context["charts"]
    assert set(charts) == {"requests", "errors", "latency", "tokens", "cost", "cached"}
    for chart in charts.values():
        lengths = {len(one["values"]) for one in chart["series"]}
        assert lengths == {len(chart["begins"])}
    assert sum(charts["requests"]["series"][0]["values"]) == 1


def test_changes_stand_on_the_charts(member: Member) -> None:
    services.save_provider({"name": "b", "kind": "openai", "base_url": "http://b/v1"}, who="ann")
    charts = member(TRAFFIC).get("/admin/").context["charts"]
    assert any("Created provider" in mark["label"] for mark in charts["requests"]["marks"])
