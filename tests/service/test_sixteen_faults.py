"""Sixteen faults of a primary that a caller never notices, over real sockets.

One profile a scenario: a primary that misbehaves, and behind it a fallback that answers with sixty
words. Callers of three protocols stream; both upstreams speak one of two. What takes seconds is
divided by ten, unless `POINTSMAN_TEST_FAULTS=full` asks for real time (`make test-sixteen-faults`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest

from governance.routing.breaker import HealthSettings
from governance.routing.compile import compile_table
from governance.routing.table import Target
from inference.record import record
from inference.record.record import RequestContext
from tests.governance.routing.build import compile_regex, profile
from tests.inference.tables import provider, virtual_keys
from tests.service.pairs.anthropic_caller import AnthropicCaller
from tests.service.pairs.openai_caller import OpenAICaller
from tests.service.pairs.responses_caller import ResponsesCaller
from tests.service.pairs.talk import Answer, Tokens, asking
from tests.service.pairs.world import PAIRS, SCRIPTS, Caller, Provider, Script
from tests.support.eventually import eventually
from tests.support.serving import served
from tests.support.timing import allowed
from tests.support.upstream import Asked, Cut, Hang, Json, Reply, Sse

FULL: Final = os.environ.get("POINTSMAN_TEST_FAULTS") == "full"
SCALE: Final = 1.0 if FULL else 0.1
HEDGED: Final = ("F06", "F07")
OF_SILENCE: Final = (*HEDGED, "F09")
"""Faults that the deadlines of providers and profiles are about. Only there are these divided:
elsewhere a machine that is busy for a second would look like a provider that says nothing."""
ALLOWANCE: Final = 0.0 if FULL else 3.0
"""Seconds that a busy machine may take beside what is divided by ten."""
TALK: Final = asking("Count.", max_tokens=400)
WORDS: Final = tuple(f"word{number} " for number in range(60))
WHOLE: Final = Answer(WORDS, tokens=Tokens(9, 70))
SETTINGS: Final = HealthSettings(
    cooldown=5.0 * SCALE, longest_cooldown=20.0 * SCALE, ramp=30.0 * SCALE, window=60.0 * SCALE
)
Fault = Callable[[Script], tuple[Reply | Callable[[Asked], Reply], ...]]


def words(script: Script, count: int) -> list[bytes]:
    """The events of an answer up to this word."""
    return [*script.opening(), *map(script.text, WORDS[:count])]


def continuing(script: Script, *, refuses: bool = False) -> Callable[[Asked], Reply]:
    """A model that goes on with the beginning of an answer, or refuses it."""

    def reply(asked: Asked) -> Reply:
        last = asked.body["messages"][-1]
        if last["role"] != "assistant":
            return Sse(script.events(WHOLE))
        if refuses:
            return script.error(400, "This model does not support assistant message prefill.")
        said = last["content"] if isinstance(last["content"], str) else last["content"][0]["text"]
        rest = "".join(WORDS).removeprefix(said)
        texts = tuple(f" {word}" for word in rest.split())
        return Sse(script.events(replace(WHOLE, texts=texts, tokens=Tokens(50, 20))))

    return reply


def garbled(script: Script) -> list[bytes]:
    """One event in the middle is no JSON."""
    events = [*words(script, 30), b"data: {nope\n\n"]
    return [*events, *map(script.text, WORDS[30:]), *script.events(WHOLE)[-2:]]


def too_long(script: Script) -> Json:
    said = "prompt is too long: 300000 tokens > 200000 maximum"
    if script.protocol == "openai":
        said = "This model's maximum context length is 8192 tokens. (context_length_exceeded)"
    return script.error(400, said)


FAULTS: Final[dict[str, Fault]] = {
    "F01": lambda s: (
        s.error(429, "slow down", **{"retry-after": f"{2 * SCALE:g}"}),
        Sse(s.events(WHOLE)),
    ),
    "F02": lambda s: (s.error(429, "slow down"),),
    "F03": lambda s: (s.error(500, "oops"), Sse(s.events(WHOLE))),
    "F04": lambda s: (s.error(503, "unavailable"),),
    "F05": lambda s: (Cut(),),
    "F06": lambda s: (Hang(),),
    "F07": lambda s: (Sse(s.events(WHOLE), delay=20 * SCALE),),
    "F08": lambda s: (Sse(words(s, 40), then="cut"),),
    "F09": lambda s: (Sse(words(s, 20), then="hang"),),
    # Apart, so that the answer has begun before it breaks.
    "F10": lambda s: (Sse(garbled(s), pause=0.01),),
    "F11": lambda s: (Sse(s.events(WHOLE)[:-1]),),
    "F12": lambda s: (too_long(s),),
    "F13": lambda s: (s.error(400, "The response was filtered: content_filter policy."),),
    "F14": lambda s: (Sse(words(s, 40), then="cut"),),
    "F15": lambda s: (s.error(503, "unavailable"),),
    "F16": lambda s: (s.error(503, "unavailable"),),
}


@dataclass
class Scene:
    """A primary and a fallback of one protocol between the gateway and a caller of one."""

    caller: Caller
    script: Script
    primary: Provider
    fallback: Provider
    name: str
    seen: list[RequestContext]

    def ask(self) -> tuple[Answer, float]:
        began = time.monotonic()
        got = self.caller.ask(TALK, f"{self.name}/light", stream=True)
        return got, time.monotonic() - began

    @property
    def records(self) -> list[RequestContext]:
        """Of its requests that have ended."""
        return [
            one
            for one in self.seen
            if one.routing_request and one.routing_request.model == f"{self.name}/light"
        ]

    @property
    def record(self) -> RequestContext:
        """The last request's."""
        return self.records[-1]

    @property
    def codes(self) -> list[str]:
        return [f"{one.provider.rpartition('-')[2]}:{one.code}" for one in self.record.attempts]


@pytest.fixture(scope="module")
def scenes() -> Iterator[Callable[[str, int | None], list[Scene]]]:
    """For a fault and a setting of `retries`, the six scenes that play it."""
    seen: list[RequestContext] = []
    with ExitStack() as stack:
        rows, profiles, made = [], [], {}
        for retries in (None, 1):
            for caller, upstream in PAIRS:
                base = f"{caller}-{upstream}-{retries or 0}"
                pair = stack.enter_context(Provider()), stack.enter_context(Provider())
                for fault in FAULTS:
                    name = f"{base}-{fault}".lower()
                    scale = SCALE if fault in OF_SILENCE else 1.0
                    # As shipped, divided by the scale: nothing else is set.
                    shipped = {
                        "first_event_timeout": 120 * scale,
                        "idle_timeout": 30 * scale,
                        "total_timeout": 600 * scale,
                    }
                    names = f"{name}-primary", f"{name}-fallback"
                    rows += [
                        provider(one, at, kind=upstream, **shipped)
                        for one, at in zip(names, pair, strict=True)
                    ]
                    targets = (
                        Target(provider=one, model=f"{one}-model", priority=place)
                        for place, one in enumerate(names)
                    )
                    profiles.append(
                        profile(
                            *targets,
                            virtual_provider=name,
                            local_fallback="never",
                            retries=retries,
                            hedge_after=None if FULL or fault not in HEDGED else 10 * SCALE,
                        )
                    )
                    made[fault, retries, caller, upstream] = (name, *pair)
        table = compile_table(
            profiles=profiles,
            providers=rows,
            virtual_keys=virtual_keys(),
            compile_regex=compile_regex,
        )
        gateway = stack.enter_context(served(table, settings=SETTINGS))
        callers: dict[str, Caller] = {
            "openai": OpenAICaller(gateway.url),
            "anthropic": AnthropicCaller(gateway.url),
            "responses": ResponsesCaller(gateway.url),
        }
        record.add_sink(seen.append)

        def of(fault: str, retries: int | None) -> list[Scene]:
            found = []
            for caller, upstream in PAIRS:
                name, primary, fallback = made[fault, retries, caller, upstream]
                script = SCRIPTS[upstream]
                primary.script(*FAULTS[fault](script))
                fallback.script(continuing(script, refuses=fault == "F14"))
                found.append(Scene(callers[caller], script, primary, fallback, name, seen))
            return found

        try:
            yield of
        finally:
            record.remove_sink(seen.append)


def check(fault: str, scene: Scene, retries: int | None) -> None:
    got, seconds = scene.ask()
    assert got.text.split() == "".join(WORDS).split(), "each word once"
    assert got.text == "".join(WORDS)[: len(got.text)]
    assert got.stop == "end"
    eventually(lambda: scene.records)
    EXPECTED[fault](scene, got, seconds, retries)


def again(scene: Scene, got: Answer, seconds: float, retries: int | None) -> None:
    """With retries the primary's second try; else the fallback at once."""
    first = scene.codes[0]
    assert scene.codes == [first, "primary:ok" if retries else "fallback:ok"]
    assert len(scene.primary.asked) == (2 if retries else 1)
    assert seconds < allowed(2 * SCALE + 1 + ALLOWANCE)


def waited(scene: Scene, got: Answer, seconds: float, retries: int | None) -> None:
    again(scene, got, seconds, retries)
    if retries:
        first, second = scene.primary.asked
        assert second.at - first.at >= 1.8 * SCALE


def jittered(scene: Scene, got: Answer, seconds: float, retries: int | None) -> None:
    again(scene, got, seconds, retries)
    if retries:
        first, second = scene.primary.asked
        assert second.at - first.at >= 0.1
        # How long it takes until the upstream has heard says nothing of how long was waited.
        failed, repeated = scene.record.attempts
        assert failed.started_ms is not None
        assert repeated.started_ms is not None
        waited_ms = repeated.started_ms - failed.started_ms - failed.milliseconds
        assert waited_ms <= allowed(200 + 1000 * ALLOWANCE)


def moved_on(*codes: str) -> Callable[..., None]:
    def checks(scene: Scene, got: Answer, seconds: float, retries: int | None) -> None:
        assert scene.codes == [*codes, "fallback:ok"]
        assert seconds < allowed(3)

    return checks


def reset(scene: Scene, got: Answer, seconds: float, retries: int | None) -> None:
    assert scene.codes[-1] == "fallback:ok"
    assert len(scene.codes) <= 4


def hedged(scene: Scene, got: Answer, seconds: float, retries: int | None) -> None:
    assert scene.codes == ["primary:lost_race", "fallback:ok"]
    assert 10 * SCALE <= seconds < allowed(15 * SCALE + ALLOWANCE)


def continued(code: str, seconds_at_most: float) -> Callable[..., None]:
    def checks(scene: Scene, got: Answer, seconds: float, retries: int | None) -> None:
        assert scene.codes[0] == f"primary:{code}"
        assert scene.codes[-1] == "fallback:continued"
        assert scene.record.outcome == "ok"
        assert seconds < allowed(seconds_at_most * SCALE + ALLOWANCE)

    return checks


def complete(scene: Scene, got: Answer, seconds: float, retries: int | None) -> None:
    assert scene.codes == ["primary:ok"]
    assert not scene.fallback.asked


def fallbacks(scene: Scene, got: Answer, seconds: float, retries: int | None) -> None:
    assert scene.record.usage is not None
    assert (scene.record.usage.prompt, scene.record.usage.completion) == (9, 70)
    assert (got.tokens.prompt, got.tokens.completion) == (9, 70)
    assert scene.record.fallback == "target"
    assert scene.fallback.asked[-1].body["model"].endswith("-fallback-model")


EXPECTED: Final[dict[str, Callable[..., None]]] = {
    "F01": waited,
    "F02": moved_on("primary:http_429"),
    "F03": jittered,
    "F04": moved_on("primary:http_503"),
    "F05": reset,
    "F06": hedged,
    "F07": hedged,
    "F08": continued("stream_died", 15),
    "F09": continued("idle_timeout", 45),
    "F10": continued("malformed", 15),
    "F11": complete,
    "F12": moved_on("primary:too_long"),
    "F14": continued("stream_died", 15),
    "F16": fallbacks,
}


@pytest.mark.parametrize("retries", [None, 1])
@pytest.mark.parametrize("fault", EXPECTED)
def test_sixty_words_and_success(scenes: Any, fault: str, retries: int | None) -> None:
    playing = scenes(fault, retries)
    with ThreadPoolExecutor(len(playing)) as pool:
        list(pool.map(lambda scene: check(fault, scene, retries), playing))


def test_a_filtered_prompt_is_the_callers_to_know(scenes: Any) -> None:
    """F13: the provider's own answer, and nobody else is asked."""
    for scene in scenes("F13", 1):
        with pytest.raises(scene.caller.errors.APIStatusError) as told:
            scene.ask()
        assert told.value.status_code == 400
        assert "filter" in str(told.value)
        assert not scene.fallback.asked


@pytest.mark.parametrize("recovers", [60, 47] if FULL else [60])
def test_the_primary_is_back_soon_after_it_recovers(scenes: Any, recovers: int) -> None:
    """F15: 503 for a minute, twenty requests four seconds apart, more after it."""

    def play(scene: Scene) -> float:
        began = time.monotonic()
        down = recovers * SCALE

        def reply(asked: Asked) -> Reply:
            if asked.at - began < down:
                return scene.script.error(503, "unavailable")
            return Sse(scene.script.events(WHOLE))

        scene.primary.script(reply)
        for turn in range(24):
            time.sleep(max(0.0, began + turn * 4 * SCALE - time.monotonic()))
            got, _ = scene.ask()
            assert got.text == "".join(WORDS)
            wanted = turn + 1
            eventually(lambda: len(scene.records) >= wanted)  # noqa: B023  # it is awaited here
            if scene.record.attempts[-1].provider.endswith("primary"):
                return time.monotonic() - began - down
        raise AssertionError("the primary was not used again")

    playing = scenes("F15", None)
    with ThreadPoolExecutor(len(playing)) as pool:
        late = list(pool.map(play, playing))
    assert max(late) <= allowed(30 * SCALE + ALLOWANCE)
