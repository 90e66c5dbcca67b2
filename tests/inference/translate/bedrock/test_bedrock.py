"""Bedrock's two dialects: requests as its reference has them, streams that break in every way."""

from __future__ import annotations

import itertools
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.endpoints import messages
from inference.endpoints.registry import translator_for
from inference.translate.base import Inexpressible
from inference.translate.bedrock.frames import MEDIA_TYPE
from inference.translate.signature import UNSIGNED
from tests.inference.translate.support import TURN, chat_ask, js, messages_ask, responses_ask
from tests.service.clouds.bedrock import BedrockClaude, event, exception, frames, whole
from tests.service.pairs.talk import Answer, Call, Tokens

ASKS = {"chat": chat_ask, "messages": messages_ask, "responses": responses_ask}
NOVA = "amazon.nova-lite-v1:0"
SAID = Answer(("Let me ", "look: ü"), ("Hm", "!"), (Call("t1", "f", {"a": 1}), Call("t2", "g", {})),
              "calls", tokens=Tokens(10, 8, 4, 1))  # fmt: skip


def conversed(model: str = NOVA, **fields: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    made = translator_for("messages", "bedrock_converse").request(messages_ask(**fields), model)
    return msgspec.json.decode(made.body), made.dropped


def play(endpoint: str, dialect: str, *pieces: bytes) -> tuple[bytes, Any]:
    stream = translator_for(endpoint, dialect).stream(ASKS[endpoint](stream=True), MEDIA_TYPE)
    out = b"".join(map(stream.feed, pieces))
    return out + stream.end(), stream


BODIES = {
    "bedrock_converse": b"".join(frames(SAID)),
    "bedrock_claude": b"".join(BedrockClaude()._frames(SAID)),
}


@settings(max_examples=40, deadline=None)
@given(
    cuts=st.lists(st.integers(0, 3000), max_size=5),
    endpoint=st.sampled_from(list(ASKS)),
    dialect=st.sampled_from(list(BODIES)),
)
def test_cut_anywhere(cuts: list[int], endpoint: str, dialect: str) -> None:
    body = BODIES[dialect]
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    pieces = [body[a:b] for a, b in itertools.pairwise(edges) if a < b]
    out, stream = play(endpoint, dialect, *pieces)
    assert (stream.finished, stream.failure, stream.committed) == (True, None, True)
    usage = stream.usage
    assert (usage.prompt, usage.completion, usage.cached, usage.cache_written) == (10, 8, 4, 1)
    for word in (b"look: ", b'"f"', b"Hm"):
        assert word in out


@pytest.mark.parametrize("dialect", BODIES)
def test_every_shorter_stream_is_broken(dialect: str) -> None:
    """Cut off anywhere, it is never taken for a whole answer."""
    body = BODIES[dialect]
    end = len(body) - len(event("metadata", {"usage": {}})) - 200
    for cut in range(0, end, 13):
        _, stream = play("chat", dialect, body[:cut])
        assert stream.failure is not None, cut
        assert not stream.finished


@pytest.mark.parametrize(
    ("last", "code", "status"),
    [
        (exception("throttlingException", "Too many requests"), "error_in_answer", 429),
        (exception("serviceUnavailableException", "x"), "error_in_answer", 503),
        (exception("modelStreamErrorException", "x"), "error_in_answer", 502),
        (exception("validationException", "Input is too long for requested model."),
         "too_long", 400),
        (b"\x00" * 32, "broken_frame", 502),
        (event("contentBlockDelta", {"odd": 1}), "malformed", 502),
        (event("messageStop", {"stopReason": "malformed_tool_use"}), "malformed", 502),
    ],
)  # fmt: skip
def test_a_stream_that_fails(last: bytes, code: str, status: int) -> None:
    begun = event("messageStart", {"role": "assistant"})
    _, stream = play("messages", "bedrock_converse", begun, last)
    assert (stream.failure.code, stream.failure.status) == (code, status)
    assert not stream.committed


def test_without_its_usage_an_answer_is_whole() -> None:
    body = b"".join(list(frames(SAID))[:-1])
    _, stream = play("chat", "bedrock_converse", body)
    assert (stream.finished, stream.failure) == (True, None)


def test_a_whole_answer() -> None:
    """The model is not named by the service: the record keeps the one that was asked."""
    translator = translator_for("messages", "bedrock_converse")
    answer = translator.answer(messages_ask(), json.dumps(whole(SAID)).encode())
    said = json.loads(answer.body)
    kinds = [block["type"] for block in said["content"]]
    assert kinds == ["thinking", "text", "tool_use", "tool_use"]
    assert said["content"][0]["signature"] == UNSIGNED
    assert (answer.model, said["stop_reason"], answer.usage.prompt) == ("", "tool_use", 10)
    for body in (b"{}", b"<html>", b"[]"):
        assert translator.answer(messages_ask(), body).failure is not None
    failed = json.dumps({**whole(SAID), "stopReason": "malformed_tool_use"}).encode()
    assert translator.answer(messages_ask(), failed).failure.code == "model_failed"


def test_every_block_and_field() -> None:
    tool = {"name": "f", "input_schema": {"type": "object"}, "description": "F."}
    image = {"type": "base64", "media_type": "image/png", "data": "AAAA"}
    body, dropped = conversed(
        system=[{"type": "text", "text": "S", "cache_control": {"type": "ephemeral"}}],
        messages=[
            {"role": "user", "content": [
                {"type": "image", "source": image},
                {"type": "document", "title": "a/b.pdf",
                 "source": {"type": "base64", "media_type": "application/pdf", "data": "AAAA"}},
                {"type": "text", "text": "See"}]},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "Hm", "signature": UNSIGNED},
                {"type": "thinking", "thinking": "Ah", "signature": "SIG"},
                {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": "no", "is_error": True}]},
        ],
        tools=[tool], tool_choice={"type": "tool", "name": "f", "disable_parallel_tool_use": True},
        temperature=0.5, top_p=0.9, top_k=5, stop_sequences=["x"], metadata={"user_id": "u"},
        output_config={"format": {"type": "json_schema", "schema": {"type": "object"}}},
    )  # fmt: skip
    assert body["system"] == [{"text": "S"}, {"cachePoint": {"type": "default"}}]
    first, said, told = (turn["content"] for turn in body["messages"])
    assert first[0] == {"image": {"format": "png", "source": {"bytes": "AAAA"}}}
    assert first[1]["document"] == {
        "format": "pdf", "name": "a-b-pdf 1", "source": {"bytes": "AAAA"}}  # fmt: skip
    assert said == [
        {"reasoningContent": {"reasoningText": {"text": "Ah", "signature": "SIG"}}},
        {"toolUse": {"toolUseId": "t1", "name": "f", "input": {"a": 1}}},
    ]
    result = {"toolUseId": "t1", "content": [{"text": "no"}], "status": "error"}
    assert told == [{"toolResult": result}]
    spec = {"name": "f", "inputSchema": {"json": {"type": "object"}}, "description": "F."}
    assert body["toolConfig"] == {
        "tools": [{"toolSpec": spec}], "toolChoice": {"tool": {"name": "f"}}}  # fmt: skip
    assert body["inferenceConfig"] == {
        "maxTokens": 100, "temperature": 0.5, "topP": 0.9, "stopSequences": ["x"]}  # fmt: skip
    form = body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]
    assert form == {"schema": '{"type":"object"}', "name": "answer"}
    assert {"parallel_tool_calls", "top_k", "metadata"} <= set(dropped)


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        ("openai.gpt-oss-120b-1:0", {"reasoning_effort": "high"}),
        ("amazon.nova-2-lite-v1:0",
         {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}}),
        ("meta.llama4-scout-17b-instruct-v1:0", None),
    ],
)  # fmt: skip
def test_effort(model: str, fields: Any) -> None:
    request = chat_ask(reasoning_effort="high", max_tokens=40000)
    made = translator_for("chat", "bedrock_converse").request(request, model)
    assert msgspec.json.decode(made.body).get("additionalModelRequestFields") == fields
    assert ("reasoning_effort" in made.dropped) is (fields is None)


@pytest.mark.parametrize("content", [
    [{"type": "image", "source": {"type": "url", "url": "https://x.example/a.png"}}],
    [{"type": "document", "source": {"type": "url", "url": "https://x.example/a.pdf"}}],
    [{"type": "container_upload", "file_id": "f"}],
])  # fmt: skip
def test_what_it_cannot_take(content: Any) -> None:
    with pytest.raises(Inexpressible):
        conversed(messages=[{"role": "user", "content": content}])


def test_calling_nothing() -> None:
    """There is no word for it: without calls in the history the tools are left out."""
    tool = {"name": "f", "input_schema": {"type": "object"}}
    body, dropped = conversed(tools=[tool], tool_choice={"type": "none"})
    assert ("toolConfig" in body, dropped) == (False, ())


def test_claude_is_asked_in_its_own_words() -> None:
    fields = {"model": "m", "messages": [TURN], "max_tokens": 100, "stream": True}
    more = {"metadata": {"user_id": "u"}, "thinking": {"type": "adaptive"}}
    request = messages.parse(js(fields | more), {b"anthropic-beta": b"a-1, b-2"})
    made = translator_for("messages", "bedrock_claude").request(request, "eu.anthropic.claude-x:0")
    body = msgspec.json.decode(made.body)
    assert made.path == "/model/eu.anthropic.claude-x%3A0/invoke-with-response-stream"
    assert body.pop("anthropic_beta") == ["a-1", "b-2"]
    assert body == {
        "anthropic_version": "bedrock-2023-05-31",
        "messages": [{"role": "user", "content": "Hello"}],
        "max_tokens": 100,
        "thinking": {"type": "adaptive"},
    }
