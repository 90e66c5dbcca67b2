"""Conditions of heuristic rules."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.routing.heuristics import SCANNED_END, _said, both_ends, has_keyword, holds, matches
from governance.routing.request import Features
from governance.routing.table import Condition, HeuristicRuleEntry
from tests.support.timing import is_quick

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
        ("it is .net", (".net",), True),
        ("it is x.net", (".net",), False),
        ("one  two", ("one two",), False),
        ("what ++ is", ("++",), True),
        ("what x++ is", ("++",), False),
        ("İstanbul", ("i̇stanbul",), True),
    ],
)
def test_keywords_are_whole_words(text, keywords, expected):
    assert has_keyword(text, keywords) is expected


def by_regex(text, keywords):
    """What the rule says, in the plainest way."""
    words = [re.escape(word.casefold()) for word in keywords if word.strip()]
    pattern = rf"(?<!\w)(?:{'|'.join(words)})(?!\w)"
    return bool(words) and re.search(pattern, text.casefold()) is not None


@given(
    st.text("ab .+-é", max_size=12),
    st.lists(st.text("ab .+-é", max_size=4), max_size=4).map(tuple),
)
def test_keywords_are_found_as_a_plain_search_finds_them(text, keywords):
    assert has_keyword(text, keywords) is by_regex(text, keywords)


@pytest.mark.parametrize("place", [0, 10_000_000 - 20])
def test_of_a_long_message_both_ends_are_read(place):
    text = "x y " * 2_500_000
    text = f"{text[:place]} needle {text[place:]}"
    assert has_keyword(text, ("needle",))
    # Cut in the middle of a word, what is left is no word.
    assert not has_keyword("sql" * 10_000, ("sql", "s", "l", "q"))
    assert not has_keyword("a" * (SCANNED_END - 3) + " sqlite " + "b" * SCANNED_END, ("sql",))


@given(
    st.text("ab_ .\n-é\u0301", max_size=6).map(lambda text: text * SCANNED_END),
    st.text("ab_ .-é", max_size=6),
)
def test_a_word_that_was_cut_is_left_out_of_both_ends(middle, edge):
    text = edge + middle + edge
    if len(text) <= 2 * SCANNED_END + 1:
        assert both_ends(text) == text
        return
    start = re.sub(r"(?<!\w)\w+\Z", "", text[:SCANNED_END])
    assert both_ends(text) == start + "\n" + re.sub(r"\A\w+", "", text[-SCANNED_END:])


@pytest.mark.parametrize(
    "text",
    [
        "word " * 2_000_000,
        "a" * 10_000_000,
        " ".join(f"phrase{number} of" for number in range(800)) * 20,
        "\U0001f600 é" * 3_000_000,
    ],
    ids=["words", "one word", "nearly all keywords", "not ascii"],
)
def test_keywords_cost_little_however_long_the_message_is(text):
    """Ten rules with as many keywords as a rule may have."""
    rules = [
        tuple(f"phrase{number + 200 * rule} of nothing" for number in range(200))
        for rule in range(10)
    ]
    for keywords in rules:
        has_keyword("x", keywords)

    def seconds():
        _said.cache_clear()
        began = time.perf_counter()
        said = both_ends(text)
        for keywords in rules:
            assert not has_keyword(said, keywords)
        return time.perf_counter() - began

    assert is_quick(seconds, 0.001)


def test_conditions_are_joined_by_all_or_any():
    true, false = Condition("tools", ">", 0), Condition("images", ">", 0)
    assert not matches(HeuristicRuleEntry("r", "p", (true, false)), FEATURES)
    assert matches(HeuristicRuleEntry("r", "p", (true, false), match="any"), FEATURES)
    assert not matches(HeuristicRuleEntry("r", "p", (false,), match="any"), FEATURES)


def test_a_rule_without_conditions_is_a_default():
    assert matches(HeuristicRuleEntry("r", "p"), FEATURES)
    assert matches(HeuristicRuleEntry("r", "p", match="any"), FEATURES)
