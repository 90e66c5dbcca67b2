"""Heuristic rules and model mappings by the API."""

from __future__ import annotations

from typing import Any

import pytest

from governance import snapshot
from tests.governance.api.conftest import Api, error_of

RULES = "/heuristic-rules"
MAPPINGS = "/model-mappings"
LONG = {"feature": "last_user_characters", "operator": ">", "value": 2000}


def rule(name: str, **changes: Any) -> dict[str, Any]:
    return {"name": name, "profile": "fast", **changes}


def names(api: Api) -> list[str]:
    return [one["name"] for one in api.get(RULES).json()["rules"]]


def test_it_works(api: Api) -> None:
    created = api.post(RULES, rule("long", conditions=[LONG], match="any"))
    assert created.status_code == 201
    found = created.json()["rule"]
    assert found["conditions"] == [LONG]
    path = f"{RULES}/{found['id']}"
    assert api.get(path).json() == {"rule": found}
    assert api.patch(path, {"enabled": False}).json()["rule"] == {**found, "enabled": False}
    replaced = api.put(path, rule("short")).json()["rule"]
    assert (replaced["name"], replaced["conditions"], replaced["enabled"]) == ("short", [], True)
    assert [one.name for one in snapshot.refresh().rules] == ["short"]
    assert api.delete(path).status_code == 204
    assert api.get(RULES).json() == {"rules": [], "count": 0}


def test_rules_are_put_in_order(api: Api) -> None:
    ids = [api.post(RULES, rule(name)).json()["rule"]["id"] for name in "abc"]
    answer = api.put(f"{RULES}/order", {"order": ids[::-1]})
    assert [one["name"] for one in answer.json()["rules"]] == ["c", "b", "a"]
    assert names(api) == ["c", "b", "a"]
    assert [one.name for one in snapshot.refresh().rules] == ["c", "b", "a"]
    api.patch(f"{RULES}/{ids[0]}", {"position": 0})
    assert names(api) == ["a", "c", "b"]
    api.post(RULES, rule("d", position=1))
    assert names(api) == ["a", "d", "c", "b"]
    api.delete(f"{RULES}/{ids[2]}")
    assert [one["position"] for one in api.get(RULES).json()["rules"]] == [0, 1, 2]


@pytest.mark.parametrize("order", [None, [], [1], [1, 1], ["a"], "ab", [[1]], [True], {}])
def test_an_order_names_each_rule_once(api: Api, order: Any) -> None:
    for name in "ab":
        api.post(RULES, rule(name))
    answer = api.put(f"{RULES}/order", {"order": order})
    assert answer.status_code == 400
    assert list(error_of(answer)["fields"]) == ["order"]
    assert names(api) == ["a", "b"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "Taken"}, "name"),
        ({"profile": None}, "profile"),
        ({"match": "some"}, "match"),
        ({"enabled": "on"}, "enabled"),
        ({"position": -1}, "position"),
        ({"position": 1.0}, "position"),
        ({"position": True}, "position"),
        ({"conditions": {}}, "conditions"),
        ({"conditions": [LONG] * 21}, "conditions"),
        ({"conditions": [7]}, "conditions[0]"),
        ({"conditions": [{**LONG, "feature": "mood"}]}, "conditions[0].feature"),
        ({"conditions": [{**LONG, "operator": "any"}]}, "conditions[0].operator"),
        ({"conditions": [{**LONG, "value": "many"}]}, "conditions[0].value"),
        ({"conditions": [{**LONG, "value": True}]}, "conditions[0].value"),
        ({"conditions": [{**LONG, "value": None}]}, "conditions[0].value"),
        ({"conditions": [{**LONG, "extra": 1}]}, "conditions[0].extra"),
        (
            {"conditions": [{"feature": "reasoning", "operator": "==", "value": 1}]},
            "conditions[0].value",
        ),
        (
            {"conditions": [{"feature": "last_user_text", "operator": "any", "value": []}]},
            "conditions[0].value",
        ),
        (
            {"conditions": [{"feature": "last_user_text", "operator": "any", "value": ["a", " "]}]},
            "conditions[0].value[1]",
        ),
    ],
)
def test_each_rule_of_rules_broken(api: Api, change: dict[str, Any], field: str) -> None:
    api.post(RULES, rule("taken"))
    answer = api.post(
        RULES, rule("new", **change) if "name" not in change else {**rule(""), **change}
    )
    assert answer.status_code == 400
    assert list(error_of(answer)["fields"]) == [field]
    assert names(api) == ["taken"]


def mapping(pattern: str, **changes: Any) -> dict[str, Any]:
    return {"pattern": pattern, "destination": "light/small", **changes}


def test_mappings_work(api: Api) -> None:
    created = api.post(MAPPINGS, mapping("gpt-4o.*", match="regex", priority=5))
    assert created.status_code == 201
    found = created.json()["mapping"]
    path = f"{MAPPINGS}/{found['id']}"
    assert api.get(path).json() == {"mapping": found}
    assert api.patch(path, {"priority": 1}).json()["mapping"] == {**found, "priority": 1}
    api.post(MAPPINGS, mapping("first"))
    assert [one.pattern for one in snapshot.refresh().mappings] == ["first", "gpt-4o.*"]
    replaced = api.put(path, mapping("gpt-4o")).json()["mapping"]
    assert (replaced["match"], replaced["priority"]) == ("exact", 0)
    assert api.get(f"{MAPPINGS}?match=exact").json()["count"] == 2
    assert api.delete(path).status_code == 204


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"pattern": ""}, "pattern"),
        ({"pattern": "(", "match": "regex"}, "pattern"),
        ({"pattern": "a{1001}", "match": "regex"}, "pattern"),
        ({"pattern": "(?=a)", "match": "regex"}, "pattern"),
        ({"pattern": "TAKEN"}, "pattern"),
        ({"pattern": "x" * 301}, "pattern"),
        ({"match": "glob"}, "match"),
        ({"destination": None}, "destination"),
        ({"priority": 0.5}, "priority"),
        ({"priority": 10**30}, "priority"),
        ({"enabled": "on"}, "enabled"),
    ],
)
def test_each_rule_of_mappings_broken(api: Api, change: dict[str, Any], field: str) -> None:
    api.post(MAPPINGS, mapping("taken"))
    answer = api.post(MAPPINGS, {**mapping("new"), **change})
    assert answer.status_code == 400
    assert list(error_of(answer)["fields"]) == [field]
    assert api.get(MAPPINGS).json()["count"] == 1


def test_patterns_that_differ_in_case_are_two_only_as_regexes(api: Api) -> None:
    for pattern in ("a.*", "A.*"):
        assert api.post(MAPPINGS, mapping(pattern, match="regex")).status_code == 201
    assert api.post(MAPPINGS, mapping("a.*", match="regex")).status_code == 400
