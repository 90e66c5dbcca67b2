"""Every cloud through the running service: credentials over REST, sealed in the database, tokens
and signatures made by a web process, answers recorded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.service.clouds.strict import Strict
from tests.service.clouds.world import CLOUDS
from tests.service.operator import Operator
from tests.service.pairs.anthropic_caller import AnthropicCaller
from tests.service.pairs.openai_caller import OpenAICaller
from tests.service.pairs.talk import CITY, Answer, Call, Result, Talk, Tokens, Tool, User
from tests.support.eventually import eventually

TOOLS = (Tool("weather", CITY, "Tells the weather."),)


@pytest.fixture(scope="module")
def clouds() -> Iterator[dict[str, Strict]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(cloud()) for name, cloud in CLOUDS.items()}


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_conversation_with_a_tool(
    operator: Operator, clouds: dict[str, Strict], cloud: str
) -> None:
    strict = clouds[cloud]
    name = operator.provider(
        strict.base_url, kind=strict.kind, api_key=strict.api_key, default_model=strict.model
    )
    profile = operator.profile({"provider": name, "model": strict.model}, local_fallback="never")
    model = f"{profile['virtual_provider']}/x"
    eventually(lambda: operator.ask(model).status_code != 404)
    for caller in (OpenAICaller(operator.url), AnthropicCaller(operator.url)):
        caller._sdk.api_key = operator.key
        for stream in (False, True):
            calls = (Call("call_1", "weather", {"city": "東京"}),)
            said = Answer(("Fine, ", "then: ü"), tokens=Tokens(12, 5))
            strict.script(Answer(("Let me look.",), calls=calls, stop="calls"), said)
            talk = Talk((User("Weather?"),), tools=TOOLS)
            got = caller.ask(talk, model, stream=stream)
            assert (strict.refused, got.stop) == ([], "calls")
            results = (User(results=(Result(got.calls[0].id, "sunny"),)),)
            end = caller.ask(Talk((*talk.turns, got, *results), tools=TOOLS), model, stream=stream)
            assert (strict.refused, end.text) == ([], said.text)
            assert (end.tokens.prompt, end.tokens.completion) == (12, 5)
    assert strict.tokens <= 2, "each web process asks for one token"


def test_what_is_stored_is_not_shown(operator: Operator, clouds: dict[str, Strict]) -> None:
    strict = clouds["azure-deployments"]
    name = operator.provider(strict.base_url, kind=strict.kind, api_key=strict.api_key)
    shown = operator.api.get(f"/providers/{name}").text
    assert "password" not in shown.replace("passwords", "")
    assert '"has_api_key":true' in shown.replace(" ", "")
