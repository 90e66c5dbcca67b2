"""Conditions of heuristic rules."""

import pytest

from governance.routing.heuristics import has_keyword, holds, matches
from governance.routing.request import Features
from governance.routing.table import Condition, HeuristicRuleEntry

FEATURES = Features(
    last_user_text="Please refactor this SQL query",
    last_user_characters=30,
    prompt_tokens=100,
    messages=3,
    tools=2,
    images=0,
    reasoning=True,
)


@pytest.mark.parametrize(
    ("feature", "operator", "value", "expected"),
    [
        ("last_user_characters", ">", 29, True),
        ("last_user_characters", ">", 30, False),
        ("last_user_characters", ">=", 30, True),
        ("prompt_tokens", "<", 100, False),
        ("prompt_tokens", "<=", 100, True),
        ("messages", "==", 3, True),
        ("tools", "==", 3, False),
        ("images", ">", 0, False),
        ("reasoning", "==", True, True),
        ("reasoning", "==", False, False),
        ("last_user_text", "any", ("python", "sql"), True),
        ("last_user_text", "any", ("python",), False),
        ("last_user_text", "==", ("sql",), False),
        ("last_user_text", "any", 3, False),
        ("tools", "any", ("sql",), False),
        ("tools", "like", 2, False),
        ("colour", "==", 2, False),
    ],
)
def test_a_condition(feature, operator, value, expected):
    assert holds(Condition(feature, operator, value), FEATURES) is expected


@pytest.mark.parametrize(
    ("text", "keywords", "expected"),
    [
        ("Some SQL, please", ("sql",), True),
        ("sqlite", ("sql",), False),
        ("use mysql", ("sql",), False),
        ("C++ or C#?", ("c++",), True),
        ("step by step", ("STEP BY STEP",), True),
        ("STRASSE", ("straße",), True),
        ("Überlegen", ("überlegen",), True),
        ("anything", (), False),
        ("anything", ("", " "), False),
        ("a.b", ("a.b",), True),
        ("axb", ("a.b",), False),
    ],
)
def test_keywords_are_whole_words(text, keywords, expected):
    assert has_keyword(text, keywords) is expected


def test_conditions_are_joined_by_all_or_any():
    true, false = Condition("tools", ">", 0), Condition("images", ">", 0)
    assert not matches(HeuristicRuleEntry("r", "p", (true, false)), FEATURES)
    assert matches(HeuristicRuleEntry("r", "p", (true, false), match="any"), FEATURES)
    assert not matches(HeuristicRuleEntry("r", "p", (false,), match="any"), FEATURES)


def test_a_rule_without_conditions_is_a_default():
    assert matches(HeuristicRuleEntry("r", "p"), FEATURES)
    assert matches(HeuristicRuleEntry("r", "p", match="any"), FEATURES)
