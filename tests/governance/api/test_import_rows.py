"""Groups, limits, extra amounts, prices and alerts travel with routing profiles."""

from __future__ import annotations

from typing import Any

import pytest

from governance import services
from governance.models import AlertRule, Group, Limit, LimitGrant, ModelPrice, Revision
from governance.services.importing_rows import parents_first
from tests.governance.api.conftest import Api, error_of
from tests.governance.conftest import profile_document

EXPORT = "/routing-profiles/export"
IMPORT = "/routing-profiles/import"
LIMIT = {"name": "l", "subject": {"type": "everything"}, "measure": "cost", "amount": "5"}
PRICE = {"provider": "", "model": "m-*", "input": "1", "output": "2"}


@pytest.fixture
def filled(api: Api) -> Api:
    """One of everything that travels, each bound to another."""
    services.save_profile(profile_document(), who="t")
    top = services.GROUPS.save({"name": "Top"}, who="t").document["id"]
    below = services.GROUPS.save({"name": "A first name", "parent": top}, who="t").document["id"]
    subject = {"type": "group", "id": below}
    limit = services.LIMITS.save({**LIMIT, "subject": subject}, who="t").document["id"]
    subject = {"type": "profile", "id": "light"}
    services.LIMITS.save({**LIMIT, "subject": subject, "each": "key"}, who="t")
    grant = {"limit": limit, "amount": "2", "from": "2026-11-01", "windows": 2}
    services.GRANTS.save(grant, who="t")
    services.PRICES.save({**PRICE, "valid_from": "2026-01-01"}, who="t")
    alert = {"name": "a", "condition": "limit_reached", "subject": str(limit)}
    services.ALERTS.save({**alert, "webhook_url": "https://x.example/secret"}, who="t")
    return api


def config(api: Api) -> dict[str, Any]:
    return dict(api.get(EXPORT).json()["plugin"]["config"])


def counts(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.content
    return {
        name: (*(len(one[what]) for what in ("created", "changed", "removed")), one["unchanged"])
        for name, one in answer.json().items()
        if isinstance(one, dict)
    }


def test_it_works(filled: Api) -> None:
    """Out, everything away, in again: the same; and once more changes nothing."""
    exported = filled.get(EXPORT).json()
    config = exported["plugin"]["config"]
    names = ("groups", "limits", "grants", "prices", "alerts")
    assert list(config) == ["routing_profiles", *names]
    version = Revision.objects.latest("version").version
    assert counts(filled.post(IMPORT, exported)) == {
        "groups": (0, 0, 0, 2),
        "limits": (0, 0, 0, 2),
        **dict.fromkeys(("grants", "prices", "alerts"), (0, 0, 0, 1)),
    }
    assert Revision.objects.latest("version").version == version
    nothing = {"routing_profiles": [], **{name: [] for name in names}}
    assert counts(filled.post(IMPORT, nothing))["limits"] == (0, 0, 2, 0)
    assert not any(one.objects.exists() for one in (Group, Limit, LimitGrant, ModelPrice))
    back = filled.post(IMPORT, exported)
    assert counts(back)["groups"] == (2, 0, 0, 0)
    assert [one["code"] for one in back.json()["warnings"]] == ["secret_lost"]
    after = filled.get(EXPORT).json()["plugin"]["config"]
    assert after.pop("alerts") == [{**config.pop("alerts")[0], "webhook_url": ""}]
    assert after == config
    fresh = services.LIMITS.save(LIMIT, who="t").document["id"]
    assert fresh not in [one["id"] for one in config["limits"]], "ids go on"
    last = Revision.objects.filter(action="import").latest("version")
    assert {one["kind"] for one in last.changes} >= {"group", "limit", "price", "alert"}
    assert "Imported limits: 2 created" in last.summary


def test_what_a_document_does_not_name_stays(filled: Api) -> None:
    before = config(filled)
    outcome = filled.post(IMPORT, {"routing_profiles": before["routing_profiles"]})
    assert counts(outcome) == {}
    assert config(filled) == before
    only = filled.post(IMPORT, {"prices": []})
    assert (counts(only), only.json()["unchanged"]) == ({"prices": (0, 0, 1, 0)}, 1)
    after = config(filled)
    assert "prices" not in after
    assert after == {k: v for k, v in before.items() if k != "prices"}


def test_rows_without_an_id_are_found_again(api: Api) -> None:
    document = {
        "groups": [{"name": "Blue"}],
        "limits": [LIMIT],
        "prices": [{**PRICE, "valid_from": "2026-01-01"}],
        "alerts": [{"name": "a", "condition": "provider_failing"}],
    }
    first = counts(api.post(IMPORT, document))
    assert set(first.values()) == {(1, 0, 0, 0)}
    assert set(counts(api.post(IMPORT, document)).values()) == {(0, 0, 0, 1)}
    document["limits"] = [{**LIMIT, "amount": "6"}]
    assert counts(api.post(IMPORT, document))["limits"] == (0, 1, 0, 0)


def test_names_and_places_may_be_swapped(filled: Api) -> None:
    groups = config(filled)["groups"]
    below, top = sorted(groups, key=lambda one: one["name"])
    swapped = [
        {**top, "name": below["name"], "parent": below["id"]},
        {**below, "name": top["name"], "parent": ""},
    ]
    assert counts(filled.post(IMPORT, {"groups": swapped})) == {"groups": (0, 2, 0, 0)}
    assert Group.objects.get(pk=top["id"]).parent_id == below["id"]


@pytest.mark.parametrize(
    ("section", "rows", "path"),
    [
        ("limits", {}, "limits"),
        ("limits", ["x"], "limits[0]"),
        ("limits", [LIMIT, {**LIMIT, "amount": -1}], "limits[1].amount"),
        ("limits", [{**LIMIT, "id": "7"}], "limits[0].id"),
        ("limits", [{**LIMIT, "id": 7}, {**LIMIT, "id": 7}], "limits[1].id"),
        ("limits", [{**LIMIT, "subject": {"type": "key", "id": "x"}}], "limits[0].subject.id"),
        ("groups", [{"name": "a", "parent": "nobody"}], "groups[0].parent"),
        ("groups", [{"id": "a", "name": "a", "parent": ["a"]}], "groups[0].parent"),
        ("groups", [{"id": "a", "name": "a", "parent": {}}], "groups[0].parent"),
        ("groups", [{"id": "a\n", "name": "a"}], "groups[0].id"),
        ("groups", [{"name": "a"}, {"id": "g", "name": "A"}], "groups[1].name"),
        ("grants", [{"limit": 999, "amount": 1, "from": "2026-01-01"}], "grants[0].limit"),
        ("prices", [{**PRICE, "valid_from": "soon"}], "prices[0].valid_from"),
        ("alerts", [{"name": "a", "condition": "weather"}], "alerts[0].condition"),
    ],
)
def test_one_mistake_changes_nothing(filled: Api, section: str, rows: Any, path: str) -> None:
    before = config(filled)
    wanted = {"routing_profiles": [], "prices": [], section: rows}
    answer = filled.post(IMPORT, wanted)
    assert answer.status_code == 400, answer.content
    assert list(error_of(answer)["fields"]) == [path]
    assert config(filled) == before


def test_the_order_of_many_rows_takes_time_by_their_number() -> None:
    """Each was looked for among all: as many as a section may hold took hours."""
    many = [(place, f"g{place}", {"parent": f"g{place + 1}"}) for place in range(20_000)]
    assert list(parents_first(many)) == many[::-1]
    flat = [(place, None, {}) for place in range(20_000)]
    assert list(parents_first(flat)) == flat
    circle = [(0, "a", {"parent": "b"}), (1, "b", {"parent": "a"}), (2, "c", {})]
    assert list(parents_first(circle)) == [circle[2], *circle[:2]]


def test_a_group_with_keys_stays(filled: Api) -> None:
    group = Group.objects.get(name="Top")
    services.create_key({"name": "k", "scopes": ["inference"], "group": group.pk}, who="t")
    before = config(filled)
    answer = filled.post(IMPORT, {"groups": []})
    assert answer.status_code == 409
    assert '"k"' in error_of(answer)["message"]
    assert config(filled) == before


def test_a_dry_run_writes_nothing(filled: Api) -> None:
    before = config(filled)
    answer = filled.post(f"{IMPORT}?dry_run=true", {"limits": [], "groups": []})
    assert counts(answer)["limits"] == (0, 0, 2, 0)
    assert config(filled) == before
    assert AlertRule.objects.exists()


def test_relatives_get_none_of_it(filled: Api) -> None:
    answer = filled.get(f"{EXPORT}?portable=true").json()
    assert list(answer["plugin"]["config"]) == ["routing_profiles"]
    assert [one["path"] for one in answer["warnings"]][-5:] == [
        *("groups", "limits", "grants", "prices", "alerts")
    ]


def test_without_any_the_export_is_as_it_was(api: Api) -> None:
    services.save_profile(profile_document(), who="t")
    assert list(config(api)) == ["routing_profiles"]
