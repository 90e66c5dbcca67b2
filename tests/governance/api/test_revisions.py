"""Revisions: what was changed, and the way back."""

from __future__ import annotations

from typing import Any

import pytest

from governance import snapshot
from governance.models import HeuristicRule, ModelMapping, Provider, RoutingProfile
from tests.governance.api.conftest import Api, error_of
from tests.governance.conftest import profile_document, provider_document

PATH = "/revisions"


def version_of(api: Api) -> int:
    found: int = api.get(f"{PATH}?limit=1").json()["revisions"][0]["version"]
    return found


def state(api: Api) -> dict[str, Any]:
    """All that a revert brings back, as the API shows it."""
    return {
        path: api.get(f"/{path}").json()
        for path in ("routing-profiles", "providers", "heuristic-rules", "model-mappings")
    }


def test_it_works(api: Api) -> None:
    api.post("/routing-profiles", profile_document())
    before = version_of(api)
    api.put("/routing-profiles/light", profile_document(strategy="weighted"))
    found = api.get(PATH).json()
    assert found["count"] == before + 1
    assert (
        found["revisions"][0]["summary"]
        == 'Changed routing profile "Light": strategy ordered failover → weighted.'
    )
    assert "changes" not in found["revisions"][0]
    one = api.get(f"{PATH}/{before + 1}").json()["revision"]
    assert one["changes"][0]["before"]["strategy"] == "ordered_failover"
    assert one["changes"][0]["after"]["strategy"] == "weighted"
    assert one["changes"][0]["words"] == ["strategy ordered failover → weighted"]
    reverted = api.post(f"{PATH}/{before}/revert", None)
    assert reverted.json() == {
        "version": before,
        "changes": ['Changed routing profile "Light": strategy weighted → ordered failover.'],
        "warnings": [],
        "dry_run": False,
    }
    assert snapshot.refresh().profiles["light"].strategy == "ordered_failover"
    last = api.get(PATH).json()["revisions"][0]
    assert last["action"] == "revert"
    assert last["summary"].startswith(f"Went back to revision {before}. Changed routing profile")


def compared(api: Api, first: int, second: int) -> dict[str, Any]:
    answer = api.get(f"{PATH}/compare?from={first}&to={second}").json()
    assert (answer["from"], answer["to"]) == (first, second)
    return {one["name"]: (one["words"], one["before"], one["after"]) for one in answer["changes"]}


def test_any_two_are_compared(api: Api) -> None:
    """What lies between them counts once, in either direction, and nothing when it was undone."""
    api.post("/routing-profiles", profile_document())
    first = version_of(api)
    api.put("/routing-profiles/light", profile_document(strategy="weighted"))
    api.post("/providers", provider_document())
    api.patch("/providers/fast", {"api_key": "k-1"})
    middle = version_of(api)
    api.put("/routing-profiles/light", profile_document(description="x"))
    api.delete("/providers/fast?force=true")
    last = version_of(api)
    assert compared(api, first, middle)["Light"][0] == ["strategy ordered failover → weighted"]
    assert compared(api, middle, first)["Light"][0] == ["strategy weighted → ordered failover"]
    found = compared(api, first, last)
    assert set(found) == {"Light"}
    assert found["Light"][0] == ["description set to x"]
    words, before, after = compared(api, middle, last)["fast"]
    assert (words, before["has_api_key"], after) == ([], True, None)
    assert compared(api, last, last) == {}


def test_a_replaced_secret_is_told_without_it(api: Api) -> None:
    api.post("/providers", provider_document(api_key="k-1"))
    before = version_of(api)
    api.patch("/providers/fast", {"api_key": "k-2"})
    answer = api.get(f"{PATH}/compare?from={before}&to={before + 1}")
    assert answer.json()["changes"][0]["words"] == ["API key replaced"]
    assert "k-2" not in answer.content.decode()


@pytest.mark.parametrize(
    ("query", "status"),
    [("from=1&to=999", 404), ("from=x&to=1", 400), ("from=1", 400), (f"from={9**30}&to=1", 400)],
)
def test_what_can_not_be_compared(api: Api, query: str, status: int) -> None:
    api.post("/routing-profiles", profile_document())
    answer = api.get(f"{PATH}/compare?{query}")
    assert answer.status_code == status
    error_of(answer)


def _build(api: Api) -> None:
    for name in ("a", "b"):
        api.post("/providers", provider_document(name, api_key="k", extra_headers={"X-A": "1"}))
        api.post("/routing-profiles", profile_document(f"p{name}", targets=[{"provider": name}]))
        api.post("/heuristic-rules", {"name": name, "profile": f"p{name}"})
        api.post("/model-mappings", {"pattern": name, "destination": f"p{name}"})
    api.patch("/providers/a", {"is_default": True})


def _wreck(api: Api) -> None:
    """Deletes, renames, swaps and adds one of everything."""
    rules = {row.name: row.pk for row in HeuristicRule.objects.all()}
    mappings = {row.pattern: row.pk for row in ModelMapping.objects.all()}
    api.patch("/providers/a?rename_in_targets=true", {"name": "tmp"})
    api.patch("/providers/b?rename_in_targets=true", {"name": "a", "is_default": True})
    api.patch("/providers/tmp?rename_in_targets=true", {"name": "b"})
    api.post("/providers", provider_document("c"))
    api.delete("/routing-profiles/pa")
    api.put(
        "/routing-profiles/pb",
        profile_document("pb", name="Pa", virtual_provider="pa", local_only=True),
    )
    api.post("/routing-profiles", profile_document("pc"))
    api.put("/heuristic-rules/order", {"order": [rules["b"], rules["a"]]})
    api.delete(f"/heuristic-rules/{rules['a']}")
    api.patch(f"/model-mappings/{mappings['a']}", {"pattern": "tmp"})
    api.patch(f"/model-mappings/{mappings['b']}", {"pattern": "a"})
    api.patch(f"/model-mappings/{mappings['a']}", {"pattern": "b"})


def test_everything_comes_back_and_the_way_there_too(api: Api) -> None:
    _build(api)
    built, at_built = state(api), version_of(api)
    _wreck(api)
    wrecked, at_wrecked = state(api), version_of(api)
    assert wrecked != built
    rehearsed = api.post(f"{PATH}/{at_built}/revert?dry_run=true", None).json()
    assert state(api) == wrecked
    reverted = api.post(f"{PATH}/{at_built}/revert", None).json()
    assert rehearsed == {**reverted, "dry_run": True}
    assert state(api) == built
    assert snapshot.refresh().providers["a"].api_key == "k"
    api.post(f"{PATH}/{at_wrecked}/revert", None)
    assert state(api) == wrecked


def test_going_back_to_where_we_are_is_no_change(api: Api) -> None:
    api.post("/routing-profiles", profile_document())
    now = version_of(api)
    assert api.post(f"{PATH}/{now}/revert", None).json()["changes"] == []
    assert version_of(api) == now


def test_secrets_of_deleted_providers_do_not_come_back(api: Api) -> None:
    api.post("/providers", provider_document(api_key="k", extra_headers={"X-A": "1"}))
    before = version_of(api)
    api.delete("/providers/fast")
    reverted = api.post(f"{PATH}/{before}/revert", None).json()
    assert [one["path"] for one in reverted["warnings"]] == [
        "providers.fast.api_key",
        "providers.fast.extra_headers.X-A",
    ]
    assert Provider.objects.get().credential == "none"


def test_a_profile_that_keys_are_bound_to_does_not_go(api: Api) -> None:
    before = version_of(api)
    api.post("/routing-profiles", profile_document())
    api.post("/keys", {"name": "ci", "scopes": ["inference"], "routing_profile": "light"})
    answer = api.post(f"{PATH}/{before}/revert", None)
    assert answer.status_code == 409
    error_of(answer)
    assert RoutingProfile.objects.exists()


def test_a_revision_that_is_not_there(api: Api) -> None:
    assert api.get(f"{PATH}/999").status_code == 404
    assert api.post(f"{PATH}/999/revert", None).status_code == 404
