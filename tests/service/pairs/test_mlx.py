"""The real MLX worker with the tiny model, spoken to by both SDKs through the gateway."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.test import override_settings

from governance.routing.compile import compile_table
from governance.routing.table import Target
from tests.governance.routing.build import compile_regex, profile
from tests.inference.local import tiny_model
from tests.inference.tables import provider, virtual_keys
from tests.service.pairs.anthropic_caller import AnthropicCaller
from tests.service.pairs.engine import engine
from tests.service.pairs.openai_caller import OpenAICaller
from tests.service.pairs.responses_caller import ResponsesCaller
from tests.service.pairs.talk import Answer, Call, Result, Talk, Tool, User, asking
from tests.service.pairs.world import CALLERS, PROTOCOLS, SCRIPTS, Caller, Provider
from tests.support.serving import Served, served
from tests.support.timing import allowed
from tests.support.upstream import Cut, Reply, Sse

WEATHER = Tool(
    "get_weather",
    tiny_model.WEATHER_TOOL["function"]["parameters"],
    tiny_model.WEATHER_TOOL["function"]["description"],
)


@dataclass
class Local:
    gateway: Served
    callers: dict[str, Caller]
    cloud: dict[str, Provider]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    """`mlx/light` is the tiny model; `to-<protocol>/light` is a cloud first, and then it."""
    with (
        engine(tmp_path_factory.mktemp("engine")) as socket,
        override_settings(ENGINE_SOCKET=str(socket)),
        Provider() as openai,
        Provider() as anthropic,
    ):
        cloud = {"openai": openai, "anthropic": anthropic}
        rows = [
            provider("mlx-of-pairs", "", kind="mlx", api_key="", first_event_timeout=30.0),
            *(provider(name, one, kind=name) for name, one in cloud.items()),
        ]
        tiny = Target("mlx-of-pairs", tiny_model.NAME, "light", priority=1)
        profiles = [
            profile(tiny, virtual_provider="mlx"),
            *(
                profile(Target(name, "m", "light", priority=0), tiny, virtual_provider=f"to-{name}")
                for name in cloud
            ),
        ]
        routing = compile_table(
            profiles=profiles,
            providers=rows,
            virtual_keys=virtual_keys(),
            compile_regex=compile_regex,
        )
        with served(routing) as gateway:
            callers: dict[str, Caller] = {
                "openai": OpenAICaller(gateway.url),
                "anthropic": AnthropicCaller(gateway.url),
                "responses": ResponsesCaller(gateway.url),
            }
            yield Local(gateway, callers, cloud)


@pytest.fixture(params=CALLERS)
def caller(request: pytest.FixtureRequest, local: Local) -> Caller:
    return local.callers[request.param]


@pytest.mark.parametrize("case", [tiny_model.HELLO, tiny_model.UNICODE, tiny_model.LINES])
def test_text(caller: Caller, stream: bool, case: tiny_model.Case) -> None:
    """To the letter, with honest counts, in either protocol."""
    got = caller.ask(asking(case.prompt, temperature=0), "mlx/light", stream=stream)
    assert got.text == case.answer
    assert got.stop == "end"
    assert got.tokens.prompt > 0
    assert got.tokens.completion > 0


def test_max_tokens(caller: Caller, stream: bool) -> None:
    talk = asking(tiny_model.ENDLESS_PROMPT, temperature=0, max_tokens=5)
    got = caller.ask(talk, "mlx/light", stream=stream)
    assert got.stop == "length"
    assert got.tokens.completion == 5


def test_a_tool_call_and_its_result(caller: Caller, stream: bool) -> None:
    """The model calls, the caller answers, the model goes on from the result."""
    talk = asking(tiny_model.WEATHER_PROMPT, temperature=0, tools=(WEATHER,))
    got = caller.ask(talk, "mlx/light", stream=stream)
    [call] = got.calls
    assert (call.name, call.arguments) == tiny_model.WEATHER_CALLS[0]
    assert got.stop == "calls"
    result = User(results=(Result(call.id, tiny_model.WEATHER_RESULT),))
    talk = Talk((*talk.turns, got, result), temperature=0, tools=(WEATHER,))
    assert caller.ask(talk, "mlx/light", stream=stream).text == tiny_model.WEATHER_AFTER_RESULT


def test_text_beside_parallel_calls(caller: Caller, stream: bool) -> None:
    talk = asking(tiny_model.TWO_CITIES_PROMPT, temperature=0, tools=(WEATHER,))
    got = caller.ask(talk, "mlx/light", stream=stream)
    assert got.text.strip() == tiny_model.TWO_CITIES_TEXT
    assert tuple((call.name, call.arguments) for call in got.calls) == tiny_model.TWO_CITIES_CALLS
    assert len({call.id for call in got.calls}) == 2


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_stop_sequence(local: Local, protocol: str, stream: bool) -> None:
    """The one that was met is named, and nothing of it is shown."""
    caller = local.callers[protocol]
    talk = asking(tiny_model.COUNT.prompt, temperature=0, stops=("nowhere", "5, "))
    got = caller.ask(talk, "mlx/light", stream=stream)
    assert got.text == "1, 2, 3, 4, "
    assert (got.stop, got.sequence) == ("sequence", "5, ")


FAILS: dict[str, Reply] = {
    "closed": Cut(),
    "500": SCRIPTS["openai"].error(500, "oops"),
    "dies before the commit": Sse(SCRIPTS["openai"].opening(), then="cut"),
}


@pytest.mark.parametrize("reply", FAILS.values(), ids=FAILS.keys())
@pytest.mark.parametrize("cloud", PROTOCOLS)
def test_a_cloud_that_fails_falls_to_it(
    local: Local, caller: Caller, stream: bool, cloud: str, reply: Reply
) -> None:
    """Both SDKs see one clean answer of the local model, whatever the cloud spoke."""
    local.cloud[cloud].script(reply)
    talk = asking(tiny_model.CAPITAL.prompt, temperature=0)
    got = caller.ask(talk, f"to-{cloud}/light", stream=stream)
    assert got.text == tiny_model.CAPITAL.answer
    assert got.stop == "end"


def test_leaving_ends_the_generation(local: Local, caller: Caller) -> None:
    """A closed stream frees the model for the next request at once."""
    talk = asking(tiny_model.ENDLESS_PROMPT, temperature=0, max_tokens=8000)
    stream = caller.create(talk, "mlx/light", stream=True)
    for event in stream:
        if caller.text_in(event):
            break
    left = time.monotonic()
    stream.close()
    while local.gateway.book.under_way("mlx-of-pairs"):
        assert time.monotonic() - left < allowed(2)
        time.sleep(0.005)
    got = caller.ask(asking(tiny_model.PING.prompt, temperature=0), "mlx/light", stream=True)
    assert got.text == tiny_model.PING.answer


def test_an_answer_carries_on_another_models_thread(local: Local, caller: Caller) -> None:
    """History made by a cloud model, ids of its calls included, is taken by the local one."""
    call = Call("toolu_01A", "get_weather", {"city": "Paris"})
    turns = (
        User(tiny_model.WEATHER_PROMPT),
        Answer(calls=(call,)),
        User(results=(Result(call.id, tiny_model.WEATHER_RESULT),)),
    )
    talk = Talk(turns, temperature=0, tools=(WEATHER,))
    got = caller.ask(talk, "mlx/light", stream=False)
    assert got.text == tiny_model.WEATHER_AFTER_RESULT
