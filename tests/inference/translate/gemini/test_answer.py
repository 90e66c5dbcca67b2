"""Google's answers for every caller: cut anywhere, broken, blocked, or empty."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.endpoints.registry import translator_for
from inference.translate.base import TranslatedAnswer
from inference.values.failures import Failure, of_status
from tests.inference.translate.support import chat_ask, messages_ask, responses_ask
from tests.service.clouds.gemini_script import GeminiScript
from tests.service.pairs.talk import Answer as Said
from tests.service.pairs.talk import Call, Tokens

ASKS = {"chat": chat_ask, "messages": messages_ask, "responses": responses_ask}
SAID = Said(("Let me ", "look: ü"), ("Hm", "!"), (Call("", "f", {"a": 1}), Call("", "g", {})),
            "calls", tokens=Tokens(10, 8, 4, 0, 3))  # fmt: skip


def generated(*parts: Any, **candidate: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": list(parts)}, **candidate}], "responseId": "r"}


def play(endpoint: str, *pieces: bytes) -> tuple[bytes, Any]:
    stream = translator_for(endpoint, "gemini").stream(ASKS[endpoint](stream=True))
    out = b"".join(map(stream.feed, pieces))
    return out + stream.end(), stream


def whole(body: Any) -> TranslatedAnswer:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return translator_for("chat", "gemini").answer(chat_ask(), text)


@settings(max_examples=40, deadline=None)
@given(cuts=st.lists(st.integers(0, 2000), max_size=6), endpoint=st.sampled_from(list(ASKS)))
def test_cut_anywhere(cuts: list[int], endpoint: str) -> None:
    body = b"".join(GeminiScript().events(SAID))
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    pieces = [body[a:b] for a, b in itertools.pairwise(edges)]
    (one, first), (many, second) = play(endpoint, body), play(endpoint, *filter(None, pieces))
    if endpoint != "responses":  # It makes up ids of its own.
        assert one == many
    for stream in (first, second):
        assert (stream.finished, stream.failure) == (True, None)
        assert (stream.usage.prompt, stream.usage.completion) == (10, 8)
        assert (stream.usage.cached, stream.usage.reasoning) == (4, 3)


def test_a_whole_answer_and_the_same_as_a_stream() -> None:
    """Also as the list that a stream without `alt=sse` is, or as events nobody asked for."""
    script = GeminiScript()
    events = b"".join(script.events(SAID))
    listed = [json.loads(one[6:]) for one in script.events(SAID)]
    for body in (script.whole(SAID), events, listed):
        answer = whole(body)
        (choice,) = json.loads(answer.body)["choices"]
        message = choice["message"]
        assert message["content"] == "Let me look: ü"
        assert message["reasoning_content"] == "Hm!"
        assert choice["finish_reason"] == "tool_calls"
        first, second = message["tool_calls"]
        assert json.loads(first["function"]["arguments"]) == {"a": 1}
        assert first["extra_content"]["google"]["thought_signature"].startswith("sig")
        assert "extra_content" not in second


@pytest.mark.parametrize(
    ("answer", "outcome", "code"),
    [
        ({"promptFeedback": {"blockReason": "SAFETY"}}, "callers_fault", "content_filter"),
        (generated(finishReason="MALFORMED_FUNCTION_CALL"), "retryable", "model_failed"),
        (generated(finishReason="STOP"), "retryable", "no_answer"),
        (generated(), "retryable", "no_answer"),
        ({"usageMetadata": {"promptTokenCount": 3}}, "retryable", "no_answer"),
        (b"<html>", "retryable", "malformed"),
        (b"{", "retryable", "malformed"),
        (
            {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "x"}},
            "retryable",
            "error_in_answer",
        ),
    ],
)
def test_no_answer(answer: Any, outcome: str, code: str) -> None:
    """Whole and streamed it is the same failure."""
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    failure = whole(body).failure
    assert isinstance(failure, Failure)
    assert (failure.outcome, failure.code) == (outcome, code)
    _, stream = play("chat", b"data: " + body + b"\n\n")
    assert stream.failure is not None
    assert stream.failure.outcome == outcome
    assert not stream.committed


def test_how_it_ends() -> None:
    for reason, told in (("MAX_TOKENS", "length"), ("SAFETY", "content_filter"), ("OTHER", "stop")):
        answer = whole(generated({"text": "a"}, finishReason=reason))
        assert json.loads(answer.body)["choices"][0]["finish_reason"] == told
    assert whole(generated(finishReason="MAX_TOKENS")).finish_reason == "length"
    _, stream = play("chat", b"data: " + json.dumps(generated({"text": "a"})).encode() + b"\n\n")
    assert (stream.committed, stream.failure.code) == (True, "truncated")


def test_its_errors_in_the_callers_words() -> None:
    words = "The input token count (9) exceeds the maximum number of tokens allowed (8)."
    error = {"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": words}}
    failure = of_status(400, json.dumps([error]).encode())
    assert failure.outcome == "too_long"
    chat = json.loads(translator_for("chat", "gemini").error(failure))
    assert chat["error"]["code"] == "context_length_exceeded"
    messages = json.loads(translator_for("messages", "gemini").error(failure))
    assert messages["error"]["message"].startswith("prompt is too long")
