"""Groups, limits, extra amounts and prices over REST: what scripts rely on."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from governance import services, snapshot
from governance.models import Limit, Revision
from tests.governance.api.conftest import Api, error_of
from tests.governance.conftest import profile_document, provider_document


def limit_document(**changes: Any) -> dict[str, Any]:
    """A limit that keeps every rule."""
    return {
        "name": "team",
        "subject": {"type": "everything"},
        "measure": "cost",
        "amount": "100.50",
        "window": "month",
        **changes,
    }


def test_it_works(api: Api) -> None:
    group = api.post("/groups", {"name": "Blue"}).json()["group"]
    assert group == {"id": group["id"], "name": "Blue", "parent": ""}
    below = api.post("/groups", {"name": "Blue coders", "parent": group["id"]}).json()["group"]
    key = api.post("/keys", {"name": "k", "scopes": ["inference"], "group": below["id"]}).json()
    assert key["key"]["group"] == below["id"]
    subject = {"type": "group", "id": group["id"]}
    made = api.post("/limits", limit_document(subject=subject, warn_at=[90, 80]))
    assert made.status_code == 201, made.content
    limit = made.json()["limit"]
    assert "warnings" not in made.json()
    identity, resets = limit.pop("id"), limit.pop("resets_at")
    assert resets.endswith("-01T00:00:00Z")
    assert limit == {
        "name": "team",
        "subject": subject,
        "each": None,
        "provider": "",
        "model": "",
        "measure": "cost",
        "amount": "100.5",
        "window": "month",
        "time_zone": "UTC",
        "window_start": {"day": 1, "hour": 0},
        "enforcement": "refuse",
        "strict": False,
        "weights": {"input": 1, "output": 1, "cached": 1, "reasoning": 1},
        "warn_at": [80, 90],
        "unpriced": {"mode": "free", "rate": None},
        "enabled": True,
        "used": "0",
        "held": "0",
    }
    again = api.put(f"/limits/{identity}", api.get(f"/limits/{identity}").json()["limit"])
    assert again.status_code == 200
    assert "warnings" not in again.json(), "what is shown can be sent back"
    extra = {"limit": identity, "amount": "20", "from": "2026-11-01", "windows": 2}
    added = api.post("/grants", extra).json()["grant"]
    assert added == {"id": added["id"], **extra, "from": "2026-11-01T00:00:00Z"}
    found = snapshot.refresh().limits.by_id[identity]
    assert found.owner == 'the group "Blue"'
    assert found.allowed(found.extras[0].begin) == 120.5
    assert found.allowed(found.extras[0].end) == 100.5
    listed = api.get("/limits?subject_type=group&measure=cost").json()
    assert (listed["count"], listed["limits"][0]["id"]) == (1, identity)
    assert api.get("/limits?subject_type=key").json()["count"] == 0
    assert api.get(f"/keys?group={below['id']}").json()["count"] == 1


def test_what_is_counted_in_numbers_is_shown_in_numbers(api: Api) -> None:
    made = api.post("/limits", limit_document(measure="tokens", amount=1_000_000)).json()["limit"]
    assert (made["amount"], made["used"], made["held"]) == (1_000_000, 0, 0)


def test_prices(api: Api) -> None:
    document = {"provider": "acme", "model": "m-1", "input": "0.15", "output": 0.6}
    made = api.post("/prices", {**document, "valid_from": "2026-01-01"}).json()["price"]
    assert made == {
        "id": made["id"],
        "provider": "acme",
        "model": "m-1",
        "input": "0.15",
        "output": "0.6",
        "cached_read": None,
        "cached_write": None,
        "reasoning": None,
        "request": None,
        "valid_from": "2026-01-01T00:00:00Z",
    }
    patched = api.patch(f"/prices/{made['id']}", {"cached_read": "0.01"}).json()["price"]
    assert patched["cached_read"] == "0.01"
    assert api.get("/prices?provider=ACME").json()["count"] == 1


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"amount": "much"}, "amount"),
        ({"amount": -1}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"amount": "0.0000001"}, "amount"),
        ({"amount": None}, "amount"),
        ({"measure": "songs"}, "measure"),
        ({"window": "decade"}, "window"),
        ({"time_zone": "Europe/Atlantis"}, "time_zone"),
        ({"time_zone": "../etc/passwd"}, "time_zone"),
        ({"subject": {"type": "key"}}, "subject.id"),
        ({"subject": {"type": "key", "id": "nobody"}}, "subject.id"),
        ({"subject": {"type": "everything", "id": "x"}}, "subject.id"),
        ({"subject": {"type": "planet", "id": "x"}}, "subject.type"),
        ({"subject": "everything"}, "subject"),
        ({"each": "user"}, "each"),
        ({"weights": {"input": -1}}, "weights.input"),
        ({"window_start": {"day": 31}}, "window_start.day"),
        ({"window": "week", "window_start": {"day": 8}}, "window_start.day"),
        ({"window": "minute", "window_start": {"hour": 3}}, "window_start.hour"),
        ({"warn_at": [0]}, "warn_at[0]"),
        ({"warn_at": 80}, "warn_at"),
        ({"unpriced": {"mode": "rate"}}, "unpriced.rate"),
    ],
)
def test_a_broken_rule_is_named_and_nothing_is_written(
    api: Api, changes: dict[str, Any], path: str
) -> None:
    answer = api.post("/limits", limit_document(**changes))
    assert answer.status_code == 400
    assert list(error_of(answer)["fields"]) == [path]
    assert not Limit.objects.exists()


def test_groups_are_trees_of_four_levels(api: Api) -> None:
    ids = [""]
    for name in "abcd":
        made = api.post("/groups", {"name": name, "parent": ids[-1]})
        assert made.status_code == 201, made.content
        ids.append(made.json()["group"]["id"])
    deep = api.post("/groups", {"name": "e", "parent": ids[-1]})
    assert error_of(deep)["fields"] == {"parent": ["Groups are at most 4 levels deep."]}
    circle = api.patch(f"/groups/{ids[1]}", {"parent": ids[3]})
    assert error_of(circle)["code"] == "circle"
    taken = api.post("/groups", {"name": "A"})
    assert error_of(taken)["code"] == "unique"
    used = api.delete(f"/groups/{ids[1]}")
    assert used.status_code == 409
    assert '"b"' in error_of(used)["message"]
    assert api.delete(f"/groups/{ids[4]}").status_code == 204


def test_a_key_names_a_group_and_an_owner_that_exist(api: Api) -> None:
    key = {"name": "k", "scopes": ["inference"]}
    answer = api.post("/keys", {**key, "group": "grp-1", "owner": "ann"})
    assert list(error_of(answer)["fields"]) == ["group", "owner"]
    User.objects.create_user("ann")
    made = api.post("/keys", {**key, "owner": "ann"}).json()["key"]
    assert (made["owner"], made["group"]) == ("ann", "")
    assert snapshot.refresh().virtual_keys
    assert api.get("/keys?owner=ann").json()["count"] == 1


def test_limits_go_with_their_key(api: Api) -> None:
    key = api.post("/keys", {"name": "k", "scopes": ["inference"]}).json()["key"]
    api.post("/limits", limit_document(subject={"type": "key", "id": key["id"]}))
    assert snapshot.refresh().limits
    assert api.delete(f"/keys/{key['id']}").status_code == 204
    assert not snapshot.refresh().limits
    last = Revision.objects.latest("version")
    assert [one["kind"] for one in last.changes] == ["limit", "API key"]


def test_revisions_say_what_changed(api: Api) -> None:
    identity = api.post("/limits", limit_document()).json()["limit"]["id"]
    api.patch(f"/limits/{identity}", {"amount": 250, "window_start": {"day": 15}})
    summary = Revision.objects.latest("version").summary
    assert "amount 100.5 → 250" in summary
    assert "day 1 → 15" in summary
    api.delete(f"/limits/{identity}")
    assert not Limit.objects.exists()


def test_an_extra_amount_never_changes(api: Api) -> None:
    identity = api.post("/limits", limit_document()).json()["limit"]["id"]
    extra = {"limit": identity, "amount": 5, "from": "2026-11-01T00:00:00Z"}
    made = api.post("/grants", extra).json()["grant"]
    assert api.put(f"/grants/{made['id']}", extra).status_code == 405
    missing = api.post("/grants", {**extra, "limit": identity + 1})
    assert error_of(missing)["code"] == "unknown_limit"
    assert api.delete(f"/grants/{made['id']}").status_code == 204


@pytest.mark.django_db
def test_the_subjects_of_limits(api: Api) -> None:
    services.save_provider(provider_document(), who="t")
    services.save_profile(profile_document(), who="t")
    for subject in ({"type": "provider", "id": "FAST"}, {"type": "profile", "id": "light"}):
        made = api.post("/limits", limit_document(subject=subject))
        assert made.status_code == 201, made.content
    owners = {one.owner for one in snapshot.refresh().limits.by_id.values()}
    assert owners == {'the provider "FAST"', 'the routing profile "Light"'}


@pytest.mark.parametrize(
    ("path", "document", "field"),
    [
        ("/prices", {"model": "m", "input": "1", "output": "2"}, "valid_from"),
        ("/grants", {"limit": 1, "amount": "5"}, "from"),
    ],
)
def test_a_moment_that_is_missing_is_asked_for(
    api: Api, path: str, document: Any, field: str
) -> None:
    for given in (document, {**document, field: None}):
        answer = api.post(path, given)
        assert answer.status_code == 400
        assert error_of(answer)["fields"][field] == [f"{field} is required."]


def test_going_back_brings_limits_and_prices_back(api: Api) -> None:
    kept = api.post("/limits", limit_document(name="kept")).json()["limit"]
    gone = api.post("/limits", limit_document(name="gone")).json()["limit"]
    document = {"provider": "acme", "model": "m-1", "input": "1", "output": "2"}
    price = api.post("/prices", {**document, "valid_from": "2026-01-01"}).json()["price"]
    version = Revision.objects.latest("version").version
    api.patch(f"/limits/{kept['id']}", {"amount": 1})
    api.delete(f"/limits/{gone['id']}")
    api.patch(f"/prices/{price['id']}", {"input": "9"})
    back = api.post(f"/revisions/{version}/revert", {})
    assert back.status_code == 200, back.content
    for one in (kept, gone):
        assert api.get(f"/limits/{one['id']}").json()["limit"] == one
    assert api.get(f"/prices/{price['id']}").json()["price"] == price


def test_costs_are_worked_out_again(api: Api) -> None:
    path = "/prices/recompute"
    done = api.post(path, {"from": "2026-01-01", "dry_run": True})
    assert done.status_code == 200, done.content
    assert (done.json()["requests"], done.json()["difference_usd"]) == (0, "0")
    broken = api.post(path, {"from": "soon", "to": 3, "dry_run": "yes"})
    assert list(error_of(broken)["fields"]) == ["from", "to", "dry_run"]
