"""Clouds and servers that are kinds by data alone, at upstreams with each one's own rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from gateway.console.providers.connection import complete, listed
from governance.kinds import KINDS
from governance.routing.compile import compile_table
from governance.routing.table import Target
from inference.values.failures import of_status
from tests.governance.routing.build import compile_regex, profile
from tests.inference.tables import HEADERS, provider, virtual_keys
from tests.service.clouds.compatible import RULES, Compatible
from tests.service.pairs.talk import Answer
from tests.support.serving import served


@pytest.fixture(scope="module")
def places() -> Iterator[tuple[str, dict[str, Compatible]]]:
    with ExitStack() as stack:
        made = {kind: stack.enter_context(Compatible(kind)) for kind in RULES}
        rows = [
            provider(kind, one.base_url, kind=kind, api_key=one.api_key)
            for kind, one in made.items()
        ]
        profiles = [
            profile(
                Target(provider=kind, model=one.model, virtual_model="light", priority=0),
                virtual_provider=f"to-{kind}",
                local_fallback="never",
            )
            for kind, one in made.items()
        ]
        table = compile_table(
            profiles=profiles,
            providers=rows,
            virtual_keys=virtual_keys(),
            compile_regex=compile_regex,
        )
        yield stack.enter_context(served(table)).url, made


CALL = {"id": "call_" + "x" * 30, "type": "function", "function": {"name": "f", "arguments": "{}"}}
HABITS = {
    "messages": [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": CALL["id"], "content": "fine"},
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Well?"},
    ],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}],
    "temperature": 1.3,
    "max_completion_tokens": 30,
    "seed": 7,
    "user": "u",
    "store": False,
    "metadata": {"a": "b"},
    "logit_bias": {"50256": -100},
    "frequency_penalty": 0.5,
    "presence_penalty": 0.5,
    "parallel_tool_calls": True,
}
"""What clients of OpenAI's send and a compatible API may refuse."""


@pytest.mark.parametrize("kind", RULES)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_nothing_it_refuses_is_sent(
    places: tuple[str, dict[str, Compatible]], kind: str, stream: bool
) -> None:
    """Known refusals cost no round trip, and the caller is told what was left out."""
    url, made = places
    place = made[kind]
    place.script(Answer(("Hello.",)))
    body = {**HABITS, "model": f"to-{kind}/light", "stream": stream}
    if stream:
        body["stream_options"] = {"include_usage": True}
    answer = httpx.post(f"{url}/v1/chat/completions", json=body, headers=HEADERS)
    assert (place.refused, answer.status_code, len(place.asked)) == ([], 200, 1)
    assert "Hello." in answer.text
    sent = place.asked[0].body
    dropped = answer.headers.get("x-pointsman-dropped", "")
    # The limit has two names, and no caller minds which of them is sent.
    told = HABITS.keys() - {"max_completion_tokens"}
    assert [name for name in told if name not in sent and name not in dropped] == []
    assert sent.get("max_tokens") == 30 or sent.get("max_completion_tokens") == 30


@pytest.mark.parametrize("kind", RULES)
def test_connection_and_models(places: tuple[str, dict[str, Compatible]], kind: str) -> None:
    place = places[1][kind]
    place.script(Answer(("H",)))
    row = provider("p", place.base_url, kind=kind, api_key=place.api_key)
    assert complete(row, place.model).model
    found = listed(row)
    assert found == ("m-1",) or "sonar" in found
    assert place.refused == []


@pytest.mark.parametrize("kind", RULES)
def test_its_place(kind: str) -> None:
    """Each says what it is, has a button, and an address that its own rules allow."""
    made = KINDS[kind]
    assert made.presets
    assert made.help.endswith(".")
    local = made.presets[0].is_local
    assert made.stays_here(made.presets[0].base_url) is local
    assert made.stays_here("http://192.168.1.7:8000/v1") is local


@pytest.mark.parametrize(
    ("kind", "status", "body", "outcome", "code"),
    json.loads((Path(__file__).parent / "words.json").read_text()),
)
def test_words(kind: str, status: int, body: object, outcome: str, code: str) -> None:
    failure = of_status(status, json.dumps(body).encode(), words=KINDS[kind].failure_words)
    assert (failure.outcome, failure.code) == (outcome, code)
