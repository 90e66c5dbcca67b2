"""Which profile a request gets, shown with two recording upstreams, `fast` and `capable`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from governance.defaults import RULES
from governance.routing.compile import compile_table
from governance.routing.table import (
    Condition,
    HeuristicRuleEntry,
    ModelMappingEntry,
    ProviderEntry,
    RoutingTable,
    Target,
)
from tests.governance.routing.build import compile_regex, profile
from tests.inference.tables import HEADERS, provider, virtual_keys
from tests.support import openai_shapes as shapes
from tests.support.serving import Served, served
from tests.support.upstream import Json, Upstream

LONG = "word " * 500
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {}}}]

SHIPPED = tuple(
    HeuristicRuleEntry(
        name=str(rule["name"]),
        profile=str(rule["profile"]),
        match=str(rule["match"]),
        conditions=tuple(Condition(**one) for one in rule["conditions"]),
    )
    for rule in RULES
)


def routing(*providers: ProviderEntry, profiles: bool = True, **more: Any) -> RoutingTable:
    named = [
        profile(
            Target(provider=one.name, model="m"), virtual_provider=one.name + "p", name=one.name
        )
        for one in providers
    ]
    return compile_table(
        providers=providers,
        profiles=named if profiles else [],
        rules=SHIPPED,
        virtual_keys=virtual_keys(**more.pop("key", {})),
        compile_regex=compile_regex,
        **more,
    )


class Translator:
    """The two upstreams and the gateway before them."""

    def __init__(self, fast: Upstream, capable: Upstream, gateway: Served) -> None:
        self.fast, self.capable, self.gateway = fast, capable, gateway

    def ask(self, content: str = "hi", headers: dict[str, str] | None = None, **more: Any) -> str:
        """The reason the gateway gives, after checking that exactly one upstream was asked."""
        before = len(self.fast.asked), len(self.capable.asked)
        answer = post(self.gateway, content, headers, **more)
        assert answer.status_code == 200, answer.text
        asked = len(self.fast.asked) - before[0], len(self.capable.asked) - before[1]
        assert sorted(asked) == [0, 1]
        name = "fast" if asked[0] else "capable"
        assert answer.headers["x-pointsman-provider"] == name
        return f"{name} by {answer.headers['x-pointsman-reason']}"


def post(
    gateway: Served, content: str = "hi", headers: dict[str, str] | None = None, **more: Any
) -> httpx.Response:
    return httpx.post(
        f"{gateway.url}/v1/chat/completions",
        json={"messages": [{"role": "user", "content": content}], **more},
        headers={**HEADERS, **(headers or {})},
        timeout=20,
    )


MAPPINGS = [
    ModelMappingEntry(pattern="gpt-4o-mini", match="exact", destination="fastp/m"),
    ModelMappingEntry(pattern="gpt-", match="prefix", destination="capable"),
    ModelMappingEntry(pattern="^o[0-9]$", match="regex", destination="capable/m"),
]


@pytest.fixture(scope="module")
def pair() -> Iterator[Translator]:
    reply = Json(shapes.completion())
    with Upstream(reply) as fast, Upstream(reply) as capable:
        table = routing(provider("fast", fast), provider("capable", capable), mappings=MAPPINGS)
        with served(table) as gateway:
            yield Translator(fast, capable, gateway)


def test_simple_goes_to_fast(pair: Translator) -> None:
    assert pair.ask() == "fast by heuristic_rule:simple"
    assert pair.ask(model="auto") == "fast by heuristic_rule:simple"


def test_long_or_with_tools_goes_to_capable(pair: Translator) -> None:
    assert pair.ask(LONG) == "capable by heuristic_rule:complex"
    assert pair.ask(tools=TOOLS) == "capable by heuristic_rule:complex"
    assert pair.ask(LONG, tools=TOOLS) == "capable by heuristic_rule:complex"


def test_length_is_that_of_the_last_user_message(pair: Translator) -> None:
    """Neither a long answer nor a long tool result makes a short question complex."""
    messages = [
        {"role": "user", "content": "short"},
        {"role": "assistant", "content": LONG},
        {"role": "tool", "tool_call_id": "x", "content": LONG},
    ]
    assert pair.ask(messages=messages) == "fast by heuristic_rule:simple"


def test_the_hint_beats_everything(pair: Translator) -> None:
    """In the body, in its metadata, in the header; by name, by virtual provider, by id."""
    assert pair.ask(routing_profile="capable") == "capable by caller_hint"
    assert pair.ask(metadata={"routing_profile": "CAPABLEP"}) == "capable by caller_hint"
    assert pair.ask(headers={"X-Routing-Profile": "id-capablep"}) == "capable by caller_hint"
    assert pair.ask(LONG, tools=TOOLS, routing_profile="fast") == "fast by caller_hint"
    assert pair.ask(model="fastp/m", routing_profile="capable") == "capable by caller_hint"
    assert "routing_profile" not in pair.capable.asked[-1].body
    pair.ask(metadata={"routing_profile": "fast", "team": "x"})
    assert pair.fast.asked[-1].body["metadata"] == {"team": "x"}


def test_an_unknown_hint_is_a_400_that_lists_the_names(pair: Translator) -> None:
    answer = post(pair.gateway, routing_profile="nope")
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "routing_profile"
    assert "capable" in answer.json()["error"]["message"]


def test_names_pick_directly(pair: Translator) -> None:
    assert pair.ask(model="capablep/m") == "capable by virtual_model"
    assert pair.ask(model="capable/other") == "capable by provider_model"
    assert pair.capable.asked[-1].body["model"] == "other"


def test_model_mappings(pair: Translator) -> None:
    """Names that clients hard-code: exact before prefix by priority, and a regex."""
    assert pair.ask(model="gpt-4o-mini") == "fast by model_mapping"
    assert pair.ask(model="gpt-5") == "capable by model_mapping"
    assert pair.ask(model="o3") == "capable by model_mapping"


def test_a_profile_bound_to_the_key() -> None:
    reply = Json(shapes.completion())
    with Upstream(reply) as fast, Upstream(reply) as capable:
        table = routing(
            provider("fast", fast), provider("capable", capable), key={"profile": "id-capablep"}
        )
        with served(table) as gateway:
            both = Translator(fast, capable, gateway)
            assert both.ask() == "capable by api_key"
            assert both.ask(routing_profile="fast") == "fast by caller_hint"


@pytest.mark.parametrize("more", [{}, {"tools": TOOLS}, {"model": "auto"}])
@pytest.mark.parametrize("content", ["hi", LONG])
def test_one_backend_takes_everything(content: str, more: dict[str, Any]) -> None:
    """R0.4: rules without their profiles are skipped, and nothing fails."""
    with Upstream(Json(shapes.completion())) as only:
        table = routing(provider("only", only, default_model="m"), profiles=False)
        with served(table) as gateway:
            answer = post(gateway, content, **more)
    assert answer.status_code == 200
    assert answer.headers["x-pointsman-reason"] == "default"
