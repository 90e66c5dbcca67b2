"""What is known of models, and what becomes of requests by it."""

from __future__ import annotations

import random
from typing import Any

import pytest

from governance.kinds import KINDS
from governance.kinds.model_rules import longest_answer
from governance.routing.breaker import HEALTHY
from governance.routing.explain import simulate
from governance.routing.model_facts import (
    UNKNOWN,
    ModelFacts,
    facts_problems,
    known_facts,
    said_facts,
    together,
)
from governance.routing.names import listed_models
from governance.routing.request import Features
from governance.routing.table import ANONYMOUS
from tests.governance.routing.build import (
    chain,
    cloud,
    local,
    plan,
    profile,
    routing_request,
    table,
    target,
)


def said(**facts: dict[str, Any]) -> tuple[Any, ...]:
    """`said(gpt={"context_length": 5})`; `_` in a name stands for `*`."""
    return tuple(
        said_facts({"model": name.replace("_", "*"), **one}) for name, one in facts.items()
    )


def long(tokens: int) -> dict[str, Any]:
    return {"features": Features(prompt_tokens=tokens)}


def test_operators_come_first_then_the_kind_then_the_catalogue() -> None:
    opus = "claude-opus-4-5-20251101"
    assert known_facts("anthropic", (), opus, 200_000) == ModelFacts(200_000, 64_000)
    own = said(claude_={"context_length": 5})
    assert known_facts("anthropic", own, opus, 200_000) == ModelFacts(5, 64_000)
    assert known_facts("openai", (), "anything") == UNKNOWN


def test_a_name_is_more_than_its_beginning() -> None:
    facts = said(
        _={"context_length": 1, "capabilities": ["text"]},
        g_={"context_length": 2, "max_output_tokens": 20},
        gpt_={"context_length": 3},
        GPT={"context_length": 4},
    )
    assert known_facts("openai", facts, "gpt") == ModelFacts(4, 20, frozenset({"text"}))
    assert known_facts("openai", facts, "gpt-5") == ModelFacts(3, 20, frozenset({"text"}))
    assert known_facts("openai", facts, "llama").context_length == 1


@pytest.mark.parametrize(
    ("document", "path", "code"),
    [
        ({}, "model_facts", "type"),
        (["x"], "model_facts[0]", "type"),
        ([{}], "model_facts[0].model", "required"),
        ([{"model": "a", "context_length": 0}], "model_facts[0].context_length", "range"),
        ([{"model": "a", "max_output_tokens": 1.5}], "model_facts[0].max_output_tokens", "type"),
        ([{"model": "a", "capabilities": ["smell"]}], "model_facts[0].capabilities[0]", "choice"),
        ([{"model": "a", "size": 1}], "model_facts[0].size", "unknown_field"),
        ([{"model": "a"}, {"model": "A"}], "model_facts[1].model", "unique"),
        ([{"model": "a"}] * 501, "model_facts", "too_many"),
    ],
)
def test_what_is_wrong_with_facts(document: object, path: str, code: str) -> None:
    assert [(one.path, one.code) for one in facts_problems(document)][:1] == [(path, code)]


def test_nothing_is_wrong_with_these() -> None:
    fine = [{"model": "a*", "context_length": 10, "capabilities": ["text"]}, {"model": "b"}]
    for document in (None, [], fine):
        assert not list(facts_problems(document))


def test_a_target_whose_context_is_too_small_is_not_asked() -> None:
    small = cloud("small", model_facts=said(m={"context_length": 1000}))
    where = table(small, cloud("large"), profile(target("small"), target("large")))
    assert chain(plan(routing_request("light/x", **long(1000)), where)) == ["small/m", "large/m"]
    decided = plan(routing_request("light/x", **long(1001)), where)
    assert chain(decided) == ["large/m"]
    assert decided.verdicts[0].rejection == "context_too_small"
    assert "1,001" in decided.verdicts[0].detail


def test_where_it_fits_nowhere_callers_are_told_that_it_is_too_long() -> None:
    facts = said(_={"context_length": 1000})
    rows = (cloud(model_facts=facts), profile(target("openai")))
    refusal = plan(routing_request("light/x", **long(5000)), table(*rows)).refusal
    assert refusal is not None
    assert (refusal.status, refusal.code) == (400, "too_long")
    engine = local(model_facts=said(tiny={"context_length": 2000}))
    assert plan(routing_request("light/x", **long(5000)), table(engine, *rows)).refusal == refusal
    assert chain(plan(routing_request("light/x", **long(1500)), table(engine, *rows))) == [
        "~mlx/tiny"
    ]


def test_a_fallback_that_is_too_small_is_not_offered() -> None:
    engine = local(model_facts=said(tiny={"context_length": 2000}))
    where = table(engine, cloud(), profile(target("openai")))
    assert chain(plan(routing_request("light/x", **long(5000)), where)) == ["openai/m"]


def test_simulations_tell_it() -> None:
    small = cloud(model_facts=said(m={"context_length": 10}))
    where = table(small, cloud("large"), profile(target("openai"), target("large")))
    found = simulate(
        routing_request("light/x", **long(11)), ANONYMOUS, where, HEALTHY, 0, random.Random(1)
    )
    assert [one.reason for one in found.rejections] == ["context_too_small"]


def test_capabilities_of_a_model_count_where_its_target_says_nothing() -> None:
    blind = cloud("blind", model_facts=said(m={"capabilities": ["text", "tools"]}))
    rows = (blind, cloud("other"))
    where = table(*rows, profile(target("blind"), target("other")))
    assert chain(plan(routing_request("light/x", "text", "vision"), where)) == ["other/m"]
    assert chain(plan(routing_request("light/x", "text"), where)) == ["blind/m", "other/m"]
    own = table(*rows, profile(target("blind", capabilities={"vision", "text"}), target("other")))
    assert chain(plan(routing_request("light/x", "text", "vision"), own)) == ["blind/m", "other/m"]


def test_the_catalogue_is_asked_by_kind_address_and_model() -> None:
    one = cloud()
    lengths = {(one.kind, one.base_url, "m"): 77}
    where = table(one, profile(target("openai")), context_lengths=lengths)
    assert where.facts(one, "m").context_length == 77
    assert where.facts(one, "n") == UNKNOWN


def test_names_with_several_models_behind_them() -> None:
    rows = (
        cloud("a", model_facts=said(m={"context_length": 10, "max_output_tokens": 8})),
        cloud("b", model_facts=said(m={"context_length": 20, "max_output_tokens": 4})),
        profile(target("a", virtual_model="*"), target("b", virtual_model="*")),
    )
    found = {one.id: one.facts for one in listed_models(table(*rows), ANONYMOUS)}
    assert found["light/m"] == ModelFacts(20, 4)
    assert found["a/m"] == ModelFacts(10, 8)
    seeing = ModelFacts(capabilities=frozenset({"text", "vision"}))
    assert together([seeing, UNKNOWN]) == UNKNOWN
    assert together([seeing, ModelFacts(capabilities=frozenset({"text"}))]) == seeing


@pytest.mark.parametrize(
    ("model", "longest"),
    [
        ("claude-opus-4-8", 128_000),
        ("anthropic/claude-sonnet-4.5", 64_000),
        ("us.anthropic.claude-opus-4-1-20250805-v1:0", 32_000),
        ("claude-3-5-haiku-latest", 8_192),
        ("claude-haiku-5-5", 64_000),
        ("gpt-5", None),
    ],
)
def test_the_longest_answers_of_claude(model: str, longest: int | None) -> None:
    kind = KINDS.get("anthropic")
    assert kind is not None
    assert longest_answer(kind.model_rules, model) == longest
