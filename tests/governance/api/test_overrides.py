"""Draining a provider and forcing its breaker: for a while, with a reason, and audited."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from governance import services, snapshot
from governance.models import AuditEntry, ProviderOverride, Revision
from governance.routing.breaker import HEALTHY, HealthStatus
from governance.routing.table import RoutingTable
from tests.governance.api.conftest import Api, error_of
from tests.governance.conftest import profile_document, provider_document
from tests.governance.routing.build import Standings, chain, plan, routing_request

PATH = "/providers/fast/override"


@pytest.fixture(autouse=True)
def rows(db: None) -> None:
    for name in ("fast", "other"):
        services.save_provider(provider_document(name, default_model="d"), who="t")
    targets = [
        {"provider": "fast", "model": "m-1"},
        {"provider": "fast", "model": "m-2", "priority": 1},
        {"provider": "other", "model": "m-3", "priority": 2},
    ]
    services.save_profile(profile_document(targets=targets, local_fallback="never"), who="t")


def order(table: RoutingTable, **statuses: HealthStatus) -> list[str]:
    health = Standings({("fast", name.replace("_", "-")): one for name, one in statuses.items()})
    return chain(plan(routing_request("light/x"), table, health=health or HEALTHY))


def put(api: Api, state: str, **more: Any) -> Any:
    answer = api.post(PATH, {"state": state, "minutes": 30, "reason": "maintenance", **more})
    assert answer.status_code == 200, answer.content
    return answer.json()["override"]


def test_it_works(api: Api) -> None:
    """Drained, it is passed over with a reason; ended, it is used again."""
    told = put(api, "drain")
    until = datetime.fromisoformat(told["until"])
    assert timedelta(minutes=29) < until - datetime.now(UTC) <= timedelta(minutes=30)
    assert (told["state"], told["model"], told["reason"]) == ("drain", "", "maintenance")
    assert (told["who"], api.get(PATH).json()["count"]) == ("key: caller", 1)
    assert order(snapshot.refresh()) == ["other/m-3"]
    found = api.post("/routing-profiles/simulate", {"model": "light/x"}).json()
    assert {one["reason"] for one in found["rejections"]} == {"drained"}
    refused = api.post("/routing-profiles/simulate", {"model": "fast/m-9"}).json()["refusal"]
    assert (refused["status"], "drained" in refused["message"]) == (503, True)
    assert api.delete(PATH).status_code == 204
    assert order(snapshot.refresh()) == ["fast/m-1", "fast/m-2", "other/m-3"]
    assert api.get(PATH).json() == {"overrides": [], "count": 0}
    assert error_of(api.delete(PATH))["code"] == "not_found"


def test_one_model_alone(api: Api) -> None:
    put(api, "drain", model="m-1")
    assert order(snapshot.refresh()) == ["fast/m-2", "other/m-3"]
    put(api, "drain")
    put(api, "closed", model="m-2")
    assert order(snapshot.refresh()) == ["fast/m-2", "other/m-3"], "its own word counts more"
    assert api.delete(f"{PATH}?model=m-1").status_code == 204
    assert [one["model"] for one in api.get(PATH).json()["overrides"]] == ["", "m-2"]


def test_forced_open_and_forced_closed(api: Api) -> None:
    open_ = HealthStatus(state="open", until=99.0)
    assert order(snapshot.refresh(), m_1=open_) == ["fast/m-2", "other/m-3", "fast/m-1"]
    put(api, "closed")
    assert order(snapshot.refresh(), m_1=open_) == ["fast/m-1", "fast/m-2", "other/m-3"]
    full = HealthStatus(saturated=True)
    assert order(snapshot.refresh(), m_1=full)[-1] == "fast/m-1", "it is full all the same"
    put(api, "open")
    assert order(snapshot.refresh()) == ["other/m-3", "fast/m-1", "fast/m-2"]
    found = api.post("/routing-profiles/simulate", {"model": "light/x"}).json()
    assert [one["demoted"] for one in found["candidates"]] == [None, "forced_open", "forced_open"]
    assert [one["probability"] for one in found["candidates"]] == [1.0, 0.0, 0.0]


def test_it_lapses_by_itself(api: Api) -> None:
    until = datetime.now(UTC) + timedelta(seconds=0.3)
    api.post(PATH, {"state": "drain", "until": until.isoformat(), "reason": "for a moment"})
    assert order(snapshot.refresh()) == ["other/m-3"]
    time.sleep(0.35)
    assert order(snapshot.refresh()) == ["fast/m-1", "fast/m-2", "other/m-3"]
    assert api.get(PATH).json()["count"] == 0
    snapshot.install(RoutingTable())
    assert order(snapshot.refresh())[0] == "fast/m-1", "a process that starts later agrees"


def test_who_did_it_and_why_is_kept(api: Api) -> None:
    put(api, "drain", model="m-1")
    api.delete(f"{PATH}?model=m-1")
    said = list(AuditEntry.objects.filter(action="override").order_by("pk"))
    assert [(one.actor, one.object_type, one.object_id) for one in said] == [
        ("key: caller", "provider", "fast")
    ] * 2
    assert said[0].changes[0].startswith("m-1: drained until 20")
    assert said[0].changes[0].endswith(" UTC: maintenance")
    assert said[1].changes == ["m-1: drained no longer"]
    assert Revision.objects.filter(action="override").count() == 2
    services.revert(3, who="t")
    services.save_provider({"name": "quick"}, who="t", existing="fast", partial=True)
    api.post("/providers/quick/override", {"state": "open", "minutes": 1, "reason": "r"})
    services.delete_provider("quick", who="t", force=True)
    assert not ProviderOverride.objects.exists()


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"state": "off"}, "state"),
        ({"state": None}, "state"),
        ({"reason": ""}, "reason"),
        ({"minutes": 0}, "minutes"),
        ({"minutes": 1.5}, "minutes"),
        ({"minutes": 10**6}, "minutes"),
        ({"minutes": None}, "until"),
        ({"minutes": None, "until": "2020-01-01T00:00:00Z"}, "until"),
        ({"minutes": None, "until": "soon"}, "until"),
        ({"until": "2099-01-01T00:00:00Z"}, "minutes"),
        ({"model": 5}, "model"),
    ],
)
def test_bad_input_changes_nothing(api: Api, change: dict[str, Any], path: str) -> None:
    before = Revision.objects.count()
    body = {"state": "drain", "minutes": 5, "reason": "r", **change}
    answer = api.post(PATH, body)
    assert answer.status_code == 400
    assert list(error_of(answer)["fields"]) == [path]
    assert api.post("/providers/nobody/override", body).status_code in (400, 404)
    assert Revision.objects.count() == before
    assert not ProviderOverride.objects.exists()


def test_reading_does_not_allow_it(caller: Any) -> None:
    reader = caller("governance:read")
    assert reader.get(PATH).status_code == 200
    assert reader.post(PATH, {"state": "drain", "minutes": 1, "reason": "r"}).status_code == 403
    assert reader.delete(PATH).status_code == 403
