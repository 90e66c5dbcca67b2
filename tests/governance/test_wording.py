"""Changes in the words of someone who reads them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.change_summary import changed, sentence
from governance.change_summary.targets import matched, target_phrases
from governance.change_summary.values import ordinal


def target(provider: str, model: str = "", **more: Any) -> dict[str, Any]:
    plain = {"virtual_model": "", "priority": 0, "weight": 1, "enabled": True}
    return {
        "provider": provider,
        "model": model,
        **plain,
        "capabilities": [],
        "rate_limit": None,
        **more,
    }


OPENAI, DOWN, STUDIO = target("openai", "gpt-4o"), target("down", "llama"), target("studio")


def targets(before: list[Any], after: list[Any]) -> list[str]:
    return changed({"targets": before}, {"targets": after})


def test_it_works() -> None:
    before = {"name": "Writing", "strategy": "weighted", "targets": [DOWN, OPENAI]}
    after = {**before, "targets": [DOWN, {**OPENAI, "weight": 3}]}
    assert sentence("routing profile", "Writing", before, after) == (
        'Changed routing profile "Writing": target 2 (openai/gpt-4o): weight 1 → 3.'
    )
    assert sentence("provider", "fast", None, {}) == 'Created provider "fast".'
    assert sentence("provider", "fast", {}, None) == 'Removed provider "fast".'


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ([STUDIO, OPENAI, DOWN], ["target 1 (studio): moved from 3rd to 1st"]),
        ([DOWN, OPENAI, STUDIO], ["target 1 (down/llama): moved from 2nd to 1st"]),
        (
            [STUDIO, DOWN, OPENAI],
            [
                "target 1 (studio): moved from 3rd to 1st",
                "target 3 (openai/gpt-4o): moved from 1st to 3rd",
            ],
        ),
        ([OPENAI, STUDIO], ["target 2 (down/llama) removed"]),
        ([target("new", "m"), OPENAI, DOWN, STUDIO], ["target 1 (new/m) added"]),
        (
            [{**STUDIO, "enabled": False}, OPENAI, DOWN],
            ["target 1 (studio): moved from 3rd to 1st, turned off"],
        ),
        (
            [{**OPENAI, "model": "gpt-5", "capabilities": ["vision"]}, DOWN, STUDIO],
            ["target 1 (openai/gpt-5): model gpt-4o → gpt-5, capability vision added"],
        ),
        (
            [OPENAI, {**DOWN, "provider": "up"}, STUDIO],
            ["target 2 (up/llama): provider down → up"],
        ),
        (
            [OPENAI, DOWN, {**STUDIO, "rate_limit": {"token_percent_threshold": 80}}],
            ["target 3 (studio): token percent threshold set to 80"],
        ),
    ],
)
def test_targets(after: list[Any], said: list[str]) -> None:
    """They are known again wherever they went; coming and going moves nobody."""
    assert targets([OPENAI, DOWN, STUDIO], after) == said


def test_the_same_target_twice() -> None:
    assert targets([OPENAI, OPENAI, DOWN], [OPENAI, DOWN]) == ["target 2 (openai/gpt-4o) removed"]
    lighter = {**OPENAI, "weight": 2}
    assert targets([OPENAI, OPENAI], [OPENAI, lighter]) == [
        "target 2 (openai/gpt-4o): weight 1 → 2"
    ]


NAMES = st.sampled_from("abc")
SOME = st.lists(st.builds(target, NAMES, NAMES, weight=st.integers(0, 2)), max_size=6)


@given(SOME, SOME)
def test_every_target_is_accounted_for(before: list[Any], after: list[Any]) -> None:
    """Each old one stays once or is removed, each new one was there or is added; and lists that
    differ are told apart."""
    pairs = matched(before, after)
    assert len(set(pairs.values())) == len(pairs)
    said = list(target_phrases(before, after, changed))
    assert sum(one.endswith("removed") for one in said) == len(before) - len(pairs)
    assert sum(one.endswith("added") for one in said) == len(after) - len(pairs)
    assert bool(said) == (before != after)


PROVIDER = {
    "name": "a",
    "models": ["x", "y"],
    "extra_headers": {"X-A": "*"},
    "has_api_key": False,
    "credential": "none",
    "is_default": False,
    "connect_timeout": 5,
    "base_url": "http://a",
}


@pytest.mark.parametrize(
    ("now", "secrets", "said"),
    [
        ({"has_api_key": True, "credential": "set"}, ["api_key"], ["API key set"]),
        ({}, ["api_key"], ["API key replaced"]),
        ({}, ["extra_headers"], ["value of a header replaced"]),
        ({"extra_headers": {"X-B": "*"}}, [], ["header X-A removed", "header X-B added"]),
        ({"models": ["y", "z"]}, [], ["model x removed", "model z added"]),
        ({"models": ["y", "x"]}, [], ["order of models is another"]),
        ({"models": ["x", "y", *"cdefgh"]}, [], ["model c, d, e, f and 2 more added"]),
        ({"is_default": True}, [], ["made the default"]),
        ({"connect_timeout": 10}, [], ["connect timeout 5 → 10"]),
        ({"connect_timeout": None}, [], ["connect timeout 5 cleared"]),
        ({"base_url": ""}, [], ["base URL http://a cleared"]),
        ({"base_url": "http://" + "b" * 99}, [], ["base URL rewritten"]),
    ],
)
def test_providers(now: dict[str, Any], secrets: list[str], said: list[str]) -> None:
    assert changed(PROVIDER, {**PROVIDER, **now}, secrets) == said


def test_profiles() -> None:
    before = {"name": "A", "description": "", "local_only": False, "enabled": True}
    after = {"name": "A b", "description": "For texts", "local_only": True, "enabled": False}
    assert changed(before, after) == [
        "name A → “A b”",
        "description set to “For texts”",
        "local only turned on",
        "turned off",
    ]
    assert changed(after, before)[1] == "description “For texts” cleared"


def test_rules() -> None:
    long = {"feature": "messages", "operator": ">", "value": 5}
    words = {"feature": "last_user_text", "operator": "any", "value": ["sql", "code"]}
    before = {"position": 2, "match": "all", "conditions": [long]}
    assert changed(before, {"position": 0, "match": "any", "conditions": [words]}) == [
        "moved from 3rd to 1st",
        "match all → any",
        "condition “messages > 5” removed",
        "condition “last user text any of sql, code” added",
    ]


def test_long_stories_are_cut() -> None:
    """A sentence tells eight changes and counts the rest."""
    before = {f"field_{number}": 1 for number in range(20)}
    told = sentence("provider", "a", before, dict.fromkeys(before, 2))
    assert told.endswith("field 7 1 → 2; and 12 more changes.")


def test_ordinals() -> None:
    assert [ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 102, 111)] == [
        *("1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd", "111th")
    ]
