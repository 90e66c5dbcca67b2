"""The eight endpoints of routing profiles."""

from __future__ import annotations

import json
from typing import Any

import pytest

from governance import services
from governance.models import Revision, RoutingProfile
from tests.governance.api.conftest import Api, error_of
from tests.governance.conftest import profile_document, provider_document

PATH = "/routing-profiles"
FULL = {
    "id": "light",
    "name": "Light",
    "description": "Two\nlines",
    "virtual_provider": "light",
    "virtual_key_id": "",
    "enabled": True,
    "strategy": "weighted",
    "targets": [
        {
            "provider": "fast",
            "virtual_model": "small",
            "model": "m-1",
            "priority": 2,
            "weight": 0.5,
            "request_types": ["chat"],
            "capabilities": ["text", "vision"],
            "enabled": False,
            "hedge_after": 2.5,
            "rate_limit": {"request_percent_threshold": 80, "token_percent_threshold": 0.5},
        },
        {
            "provider": "nobody yet",
            "virtual_model": "",
            "model": "",
            "priority": -1,
            "weight": 3,
            "request_types": [],
            "capabilities": [],
            "enabled": True,
            "hedge_after": None,
            "rate_limit": None,
        },
    ],
    "local_fallback": "never",
    "local_only": False,
    "retries": 2,
    "hedge_after": 0,
    "sticky_sessions": False,
    "return_after": 60,
    "on_broken_stream": "error",
    "spill_after": 2.5,
    "cache": {"ttl": 300, "scope": "shared", "tools": True, "cadence": True},
    "shadow": {"target": "openai/gpt-5", "percent": 5},
}


def test_it_works(api: Api) -> None:
    """Create, list, get, replace, delete."""
    created = api.post(PATH, FULL)
    assert created.status_code == 201
    assert created.json() == {"profile": FULL}
    assert list(created.json()["profile"]) == list(FULL)
    assert api.get(PATH).json() == {"profiles": [FULL], "count": 1}
    assert api.get(f"{PATH}/light").json() == {"profile": FULL}
    replaced = api.put(f"{PATH}/light", profile_document())
    assert replaced.status_code == 200
    assert len(replaced.json()["profile"]["targets"]) == 1
    gone = api.delete(f"{PATH}/light")
    assert (gone.status_code, gone.content) == (204, b"")
    assert api.get(PATH).json() == {"profiles": [], "count": 0}


def test_the_id_is_made_when_left_out(api: Api) -> None:
    document = profile_document()
    del document["id"]
    made = api.post(PATH, document).json()["profile"]["id"]
    assert api.get(f"{PATH}/{made}").status_code == 200


def test_the_list_is_narrowed_by_virtual_provider(api: Api) -> None:
    for name in ("light", "heavy"):
        api.post(PATH, profile_document(name))
    found = api.get(f"{PATH}?virtual_provider=HEAVY").json()
    assert [one["id"] for one in found["profiles"]] == ["heavy"]
    assert found["count"] == 1
    assert api.get(f"{PATH}?virtual_provider=none").json() == {"profiles": [], "count": 0}


def test_other_filters_and_pages(api: Api) -> None:
    api.post(PATH, profile_document("a", enabled=False))
    api.post(PATH, profile_document("b", targets=[{"provider": "Two"}, {"provider": "two"}]))
    api.post(PATH, profile_document("c", strategy="weighted"))

    def ids(query: str) -> list[str]:
        return [one["id"] for one in api.get(f"{PATH}?{query}").json()["profiles"]]

    assert ids("enabled=false") == ["a"]
    assert ids("provider=two") == ["b"]
    assert ids("strategy=weighted") == ["c"]
    assert ids("limit=1&offset=1") == ["b"]
    assert api.get(f"{PATH}?limit=1").json()["count"] == 3


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("enabled=perhaps", "enabled"),
        ("strategy=best", "strategy"),
        ("limit=-1", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("offset=x", "offset"),
        ("virtual_provider=%00", "virtual_provider"),
    ],
)
def test_a_bad_filter_is_the_callers_fault(api: Api, query: str, field: str) -> None:
    answer = api.get(f"{PATH}?{query}")
    assert answer.status_code == 400
    assert field in error_of(answer)["fields"]


def test_put_needs_a_profile_that_is_there(api: Api) -> None:
    assert api.put(f"{PATH}/light", FULL).status_code == 404


def test_put_takes_the_id_of_the_path_and_refuses_another(api: Api) -> None:
    api.post(PATH, FULL)
    document = profile_document()
    del document["id"]
    assert api.put(f"{PATH}/light", document).json()["profile"]["id"] == "light"
    answer = api.put(f"{PATH}/light", {**document, "id": "dark"})
    assert answer.status_code == 400
    assert list(error_of(answer)["fields"]) == ["id"]


def test_put_changes_nothing_when_a_target_breaks_a_rule(api: Api) -> None:
    api.post(PATH, FULL)
    broken = {**FULL, "name": "New", "targets": [*FULL["targets"], {}]}  # type: ignore[misc]
    answer = api.put(f"{PATH}/light", broken)
    assert answer.status_code == 400
    assert error_of(answer)["fields"] == {"targets[2].provider": ["provider is required."]}
    assert api.get(f"{PATH}/light").json() == {"profile": FULL}
    assert Revision.objects.filter(changes__0__kind="routing profile").count() == 1


def test_an_id_that_is_taken_is_a_conflict(api: Api) -> None:
    api.post(PATH, FULL)
    answer = api.post(PATH, FULL)
    assert answer.status_code == 409
    assert "id" in error_of(answer)["fields"]


def test_a_virtual_provider_that_is_taken_is_not(api: Api) -> None:
    api.post(PATH, FULL)
    answer = api.post(PATH, profile_document("other", virtual_provider="LIGHT"))
    assert answer.status_code == 400
    assert list(error_of(answer)["fields"]) == ["virtual_provider"]


def test_a_profile_that_keys_are_bound_to_stays(api: Api) -> None:
    api.post(PATH, FULL)
    services.create_key(
        {"name": "ci", "scopes": ["inference"], "routing_profile": "light"}, who="t"
    )
    answer = api.delete(f"{PATH}/light")
    assert answer.status_code == 409
    assert "ci" in error_of(answer)["message"]


def test_unknown_fields_are_told(api: Api) -> None:
    document = profile_document(targets=[{"provider": "a", "wait": 1}], colour="red")
    warnings = api.post(PATH, document).json()["warnings"]
    assert [warning["path"] for warning in warnings] == ["colour", "targets[0].wait"]


def test_a_profile_for_a_key_that_is_not_there_is_told(api: Api) -> None:
    warnings = api.post(PATH, profile_document(virtual_key_id="key-1")).json()["warnings"]
    assert [warning["code"] for warning in warnings] == ["unknown_key"]


def test_export_then_import_changes_nothing_byte_for_byte(api: Api) -> None:
    api.post(PATH, FULL)
    api.post(PATH, profile_document("ünï", description='日本 \u2028 "quoted"'))
    before = api.get(f"{PATH}/export")
    plugin = before.json()["plugin"]
    assert (plugin["name"], plugin["enabled"]) == ("routing-profiles", True)
    outcome = api.post(f"{PATH}/import", before.content)
    assert outcome.status_code == 200
    assert outcome.json() == {
        "created": [],
        "changed": [],
        "removed": [],
        "unchanged": 2,
        "warnings": [],
        "dry_run": False,
    }
    assert api.get(f"{PATH}/export").content == before.content
    RoutingProfile.objects.all().delete()
    api.post(f"{PATH}/import", before.content)
    assert api.get(f"{PATH}/export").content == before.content


def test_an_export_leaves_out_what_holds_its_default(api: Api) -> None:
    """So it stays as it was before those fields were there."""
    api.post(PATH, profile_document())
    [exported] = _exported(api, "")
    [shown] = api.get(PATH).json()["profiles"]
    assert shown.keys() - exported.keys() == {
        "retries",
        "hedge_after",
        "sticky_sessions",
        "return_after",
        "on_broken_stream",
        "spill_after",
        "cache",
        "shadow",
    }
    assert shown["targets"][0].keys() - exported["targets"][0].keys() == {"hedge_after"}
    api.put(f"{PATH}/{shown['id']}", {**shown, "retries": 1})
    [exported] = _exported(api, "")
    assert exported["retries"] == 1


def test_a_portable_export_is_what_relatives_know(api: Api) -> None:
    more = {"cache": {"ttl": 60, "scope": "key"}, "shadow": {"target": "fast/x", "percent": 5}}
    assert api.post(PATH, {**FULL, **more, "strategy": "fastest"}).status_code == 201
    [whole], [portable] = _exported(api, ""), _exported(api, "?portable=true")
    assert (whole["strategy"], portable["strategy"]) == ("fastest", "ordered_failover")
    assert "retries" not in portable
    assert "hedge_after" not in portable["targets"][0]
    warnings = api.get(f"{PATH}/export?portable=true").json()["warnings"]
    lost = {one["path"].removeprefix("routing_profiles[0].") for one in warnings}
    assert lost == (set(whole) - set(portable)) | {"strategy", "targets[0].hedge_after"}
    assert {"retries", "cache", "shadow"} <= lost
    assert all(one["code"] == "not_portable" and "Light" in one["message"] for one in warnings)


def _exported(api: Api, query: str) -> list[dict[str, Any]]:
    answer = api.get(f"{PATH}/export{query}").json()
    return list(answer["plugin"]["config"]["routing_profiles"])


def test_import_replaces_the_set(api: Api) -> None:
    """Names may even be swapped between two profiles that stay."""
    for name in ("a", "b", "c"):
        api.post(PATH, profile_document(name))
    swapped = [
        profile_document("a", name="B", virtual_provider="b"),
        profile_document("b", name="A", virtual_provider="a"),
        profile_document("d", colour="red"),
    ]
    rehearsed = api.post(f"{PATH}/import?dry_run=true", {"routing_profiles": swapped})
    assert [one["id"] for one in api.get(PATH).json()["profiles"]] == ["a", "b", "c"]
    outcome = api.post(f"{PATH}/import", {"routing_profiles": swapped})
    assert outcome.json() == {
        "created": ["d"],
        "changed": ["a", "b"],
        "removed": ["c"],
        "unchanged": 0,
        "warnings": [
            {
                "path": "routing_profiles[2].colour",
                "code": "unknown_field",
                "message": "A routing profile has no field of this name.",
            }
        ],
        "dry_run": False,
    }
    assert rehearsed.json() == {**outcome.json(), "dry_run": True}
    by_name = {one["name"]: one["id"] for one in api.get(PATH).json()["profiles"]}
    assert by_name == {"A": "b", "B": "a", "D": "d"}


def test_import_of_a_broken_set_changes_nothing(api: Api) -> None:
    api.post(PATH, FULL)
    documents: list[Any] = [profile_document("a"), {**profile_document("b"), "targets": []}, 7]
    answer = api.post(f"{PATH}/import", {"plugin": {"config": {"routing_profiles": documents}}})
    assert answer.status_code == 400
    assert set(error_of(answer)["fields"]) == {
        "routing_profiles[1].targets",
        "routing_profiles[2]",
    }
    assert api.get(PATH).json() == {"profiles": [FULL], "count": 1}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"profiles": []},
        {"routing_profiles": None},
        {"routing_profiles": {}},
        {"plugin": {"config": {}}},
        {"plugin": []},
        {"routing_profiles": [], "plugin": {"config": {"routing_profiles": []}}},
        [],
        "text",
        None,
    ],
)
def test_import_of_something_else_is_the_callers_fault(api: Api, body: Any) -> None:
    answer = api.post(f"{PATH}/import", json.dumps(body))
    assert answer.status_code == 400
    error_of(answer)


def test_import_keeps_what_keys_are_bound_to(api: Api) -> None:
    api.post(PATH, FULL)
    services.create_key(
        {"name": "ci", "scopes": ["inference"], "routing_profile": "light"}, who="t"
    )
    answer = api.post(f"{PATH}/import", {"routing_profiles": [profile_document("other")]})
    assert answer.status_code == 409
    assert "ci" in error_of(answer)["message"]
    assert api.get(PATH).json()["count"] == 1


def test_a_provider_takes_its_name_first(api: Api) -> None:
    services.save_provider(provider_document("light"), who="t")
    answer = api.post(PATH, FULL)
    assert answer.status_code == 400
    assert list(error_of(answer)["fields"]) == ["virtual_provider"]


def test_one_slash_too_many_is_forgiven(api: Api) -> None:
    assert api.post(f"{PATH}/", FULL).status_code == 201
    assert api.get(f"{PATH}/light/").json() == {"profile": FULL}
