"""What may be saved as a heuristic rule or a model mapping."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.routing.policy_rules import mapping_problems, rule_problems
from tests.routing.build import compile_regex
from tests.routing.strategies import json_values, objects

RULE = {
    "name": "long",
    "profile": "capable",
    "match": "any",
    "conditions": [
        {"feature": "last_user_characters", "operator": ">", "value": 2000},
        {"feature": "reasoning", "operator": "==", "value": True},
        {"feature": "last_user_text", "operator": "any", "value": ["prove", "refactor"]},
    ],
}
MAPPING = {"pattern": "gpt-4o-mini", "match": "exact", "destination": "light/light"}


def found(problems):
    return [(problem.path, problem.code) for problem in problems]


def test_good_ones_have_no_problem():
    assert rule_problems(RULE) == []
    assert rule_problems({"name": "else", "profile": "fast"}) == []
    assert mapping_problems(MAPPING, compile_regex) == []
    assert mapping_problems({**MAPPING, "match": "regex", "pattern": "^gpt"}, compile_regex) == []


@pytest.mark.parametrize(
    ("condition", "path", "code"),
    [
        ("tools > 0", "", "type"),
        ({"feature": "mood", "operator": "==", "value": 1}, ".feature", "choice"),
        ({"operator": "==", "value": 1}, ".feature", "required"),
        ({"feature": "tools", "operator": "any", "value": 1}, ".operator", "choice"),
        ({"feature": "tools", "operator": ">"}, ".value", "required"),
        ({"feature": "tools", "operator": ">", "value": True}, ".value", "type"),
        ({"feature": "tools", "operator": ">", "value": -1}, ".value", "range"),
        ({"feature": "reasoning", "operator": "==", "value": 1}, ".value", "type"),
        ({"feature": "reasoning", "operator": ">", "value": True}, ".operator", "choice"),
        ({"feature": "last_user_text", "operator": "any", "value": "sql"}, ".value", "type"),
        ({"feature": "last_user_text", "operator": "any", "value": [" "]}, ".value[0]", "type"),
    ],
)
def test_each_broken_condition_is_named(condition, path, code):
    problems = rule_problems({**RULE, "conditions": [condition]})
    assert found(problems) == [(f"conditions[0]{path}", code)]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"pattern": ""}, ("pattern", "required")),
        ({"match": "glob"}, ("match", "choice")),
        ({"match": "regex", "pattern": "("}, ("pattern", "invalid")),
        ({"destination": None}, ("destination", "required")),
        ({"priority": 1.5}, ("priority", "type")),
        ({"enabled": "on"}, ("enabled", "type")),
    ],
)
def test_each_broken_mapping_is_named(change, expected):
    assert found(mapping_problems({**MAPPING, **change}, compile_regex)) == [expected]


@given(
    json_values
    | objects("name", "profile", "match", "enabled", "conditions")
    | st.fixed_dictionaries(
        {"conditions": st.lists(objects("feature", "operator", "value") | json_values)}
    )
    | objects("pattern", "match", "destination", "priority", "enabled")
)
def test_no_json_value_is_an_exception(document):
    told = rule_problems(document) + mapping_problems(document, compile_regex)
    assert all(one.code and one.message for one in told)
