"""What a caller of Anthropic's protocol gets of OpenAI's answers: whole, streamed and failed."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from anthropic.types import Message, RawMessageStreamEvent
from pydantic import TypeAdapter

from inference.endpoints.registry import translator_for
from inference.translate.base import StreamTranslator, TranslatedAnswer
from inference.translate.messages.whole import message_of
from inference.translate.signature import UNSIGNED
from inference.values.failures import of_status
from inference.values.usage import Usage
from tests.inference.translate.support import (
    assert_cuts_do_not_matter,
    call,
    data_of,
    delta,
    events_of,
    js,
    messages_ask,
    play,
    sse,
)

PAIR = translator_for("messages", "openai")
EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)
USAGE = {
    "prompt_tokens": 42,
    "completion_tokens": 5,
    "total_tokens": 47,
    "prompt_tokens_details": {"cached_tokens": 30, "cache_write_tokens": 2},
    "completion_tokens_details": {"reasoning_tokens": 4},
}
COUNTED = Usage(prompt=42, completion=5, cached=30, cache_written=2, reasoning=4)
COUNTS = {
    "input_tokens": 10,
    "output_tokens": 5,
    "cache_read_input_tokens": 30,
    "cache_creation_input_tokens": 2,
    "output_tokens_details": {"thinking_tokens": 4},
}
USAGE_CHUNK = {"id": "chatcmpl-1", "model": "real-model", "choices": [], "usage": USAGE}
TEXT = {"type": "text", "text": "Hi"}
THOUGHT = {"type": "thinking", "thinking": "Hm", "signature": UNSIGNED}
USE = {"type": "tool_use", "id": "call_1", "name": "f", "input": {"a": 1}}


def answer(
    message: Any, *, finish: str | None = "stop", choice: Any = None, stops: Any = (), **more: Any
) -> TranslatedAnswer:
    whole = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "real-model",
        "choices": [{"index": 0, "message": message, "finish_reason": finish, **(choice or {})}],
        "usage": USAGE,
        **more,
    }
    return PAIR.answer(messages_ask(stop_sequences=list(stops)), js(whole))


def message(said: Any, **more: Any) -> Any:
    """The message the caller gets, checked by the official SDK's types."""
    body = answer(said, **more).body
    Message.model_validate_json(body)
    return msgspec.json.decode(body)


def relay(**fields: Any) -> StreamTranslator:
    return PAIR.stream(messages_ask(stream=True, **fields))


def events(*chunks: Any, **fields: Any) -> list[Any]:
    """The events the caller gets, each named by its type and checked by the official SDK."""
    out = events_of(play(relay(**fields), sse(*chunks)))
    found = [msgspec.json.decode(event.data) for event in out]
    for event, data in zip(out, found, strict=True):
        assert event.name.decode() == data["type"]
        EVENT.validate_python(data)
    return found


def spelled(*chunks: Any, **fields: Any) -> Any:
    """The message that the events of these chunks spell."""
    whole = message_of(events(*chunks, **fields))
    assert whole is not None
    return whole


class TestWhole:
    def test_it_works(self) -> None:
        assert message({"role": "assistant", "content": "Hi"}) == {
            "id": "chatcmpl-1",
            "type": "message",
            "role": "assistant",
            "model": "real-model",
            "content": [TEXT],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": COUNTS,
        }

    def test_text_beside_parallel_tool_calls(self) -> None:
        calls = [call("f", '{"a": 1}'), call("g", "", "call_2")]
        got = message({"content": "Hi", "tool_calls": calls}, finish="tool_calls")
        assert got["content"] == [TEXT, USE, {**USE, "id": "call_2", "name": "g", "input": {}}]
        assert got["stop_reason"] == "tool_use"

    def test_a_call_without_an_id_gets_one(self) -> None:
        got = message({"tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]})
        assert got["content"][0]["id"] == "toolu_chatcmpl-1_0"

    def test_the_deprecated_form_of_a_call(self) -> None:
        got = message({"function_call": {"name": "f", "arguments": "{}"}}, finish="function_call")
        assert got["content"][0]["name"] == "f"
        assert got["stop_reason"] == "tool_use"

    @pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
    def test_reasoning_bears_the_gateways_mark(self, field: str) -> None:
        assert message({"content": "Hi", field: "Hm"})["content"] == [THOUGHT, TEXT]

    def test_signed_thinking_keeps_its_signature(self) -> None:
        """When the upstream is itself a gateway to Anthropic's models."""
        thought = {"type": "thinking", "thinking": "Hm", "signature": "SIG"}
        said = {"content": "Hi", "reasoning_content": "Hm", "thinking_blocks": [thought]}
        assert message(said)["content"] == [thought, TEXT]

    def test_a_content_in_pieces(self) -> None:
        pieces = [
            {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]},
            {"type": "text", "text": "Hi"},
        ]
        assert message({"content": pieces})["content"] == [THOUGHT, TEXT]

    @pytest.mark.parametrize(
        ("finish", "stop"),
        [
            ("stop", "end_turn"),
            ("length", "max_tokens"),
            ("content_filter", "refusal"),
            ("something_new", "end_turn"),
            (None, "end_turn"),
        ],
    )
    def test_every_finish_reason(self, finish: str | None, stop: str) -> None:
        assert message({"content": "Hi"}, finish=finish)["stop_reason"] == stop

    @pytest.mark.parametrize("finish", ["stop", "tool_calls", None])
    def test_a_call_is_a_call_whatever_the_finish_reason(self, finish: str | None) -> None:
        """OpenAI ends a forced call with `stop`."""
        got = answer({"tool_calls": [call("f", "{}")]}, finish=finish)
        assert got.finish_reason == "tool_use"

    def test_the_matched_stop_sequence(self) -> None:
        got = message({"content": "Hi"}, choice={"stop_reason": "END"}, stops=["END"])
        assert (got["stop_reason"], got["stop_sequence"]) == ("stop_sequence", "END")
        got = message({"content": "Hi"}, choice={"stop_reason": 128009}, stops=["END"])
        assert (got["stop_reason"], got["stop_sequence"]) == ("end_turn", None)

    def test_a_refusal(self) -> None:
        got = message({"content": None, "refusal": "No."})
        assert got["content"] == [{"type": "text", "text": "No."}]
        assert got["stop_reason"] == "refusal"

    def test_usage_and_service_tier(self) -> None:
        assert answer({"content": "Hi"}).usage == COUNTED
        got = message({"content": "Hi"}, service_tier="priority")
        assert got["usage"] == {**COUNTS, "service_tier": "priority"}
        got = message({"content": "Hi"}, usage=None)
        assert got["usage"] == {"input_tokens": 0, "output_tokens": 0}

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b'{"error": "boom"}', "error_in_answer"),
            (b'{"choices": []}', "no_answer"),
            (b'{"choices": [{"index": 0}]}', "no_answer"),
            (b"{}", "no_answer"),
            (b"<html>", "malformed"),
            (b'{"choices": 3}', "malformed"),
        ],
    )
    def test_a_200_without_an_answer_is_a_failure(self, body: bytes, code: str) -> None:
        got = PAIR.answer(messages_ask(), body)
        assert got.body == b""
        assert got.failure is not None
        assert got.failure.code == code

    def test_a_stream_to_a_whole_request_is_put_together(self) -> None:
        body = sse(delta("H"), delta("i"), delta(finish="stop"), USAGE_CHUNK)
        got = PAIR.answer(messages_ask(), body)
        assert msgspec.json.decode(got.body) == message({"content": "Hi"})


class TestStream:
    def test_it_works(self) -> None:
        stream = relay()
        first = stream.feed(sse(delta("", role="assistant"), done=False))
        assert [e.name for e in events_of(first)] == [b"message_start"]
        before = stream.committed
        out = stream.feed(sse(delta("Hi"), done=False))
        assert [e.name for e in events_of(out)] == [b"content_block_start", b"content_block_delta"]
        after = stream.committed
        assert (before, after) == (False, True)
        out = stream.feed(sse(delta(finish="stop"), done=False))
        # Some servers tell the reason before the last pieces: blocks end with the stream.
        assert out == b""
        assert stream.feed(sse(USAGE_CHUNK, done=False)) == b""
        assert data_of(stream.feed(b"data: [DONE]\n\n")) == [
            {"type": "content_block_stop", "index": 0},
            {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                "usage": COUNTS,
            },
            {"type": "message_stop"},
        ]
        assert stream.finished
        assert (stream.model, stream.finish_reason) == ("real-model", "end_turn")
        assert stream.usage == COUNTED

    def test_any_cut_gives_the_same(self) -> None:
        stream = sse(
            delta("", role="assistant"),
            delta(reasoning_content="Hm"),
            delta("H\u00e9\u2028\U0001f600"),
            delta(tool_calls=[{"index": 0, **call("f", "{}")}]),
            delta(finish="tool_calls"),
        )
        assert_cuts_do_not_matter(relay, stream)

    def test_thinking_text_and_a_call_are_blocks_in_order(self) -> None:
        got = spelled(
            delta(reasoning="H"),
            delta(reasoning="m"),
            delta("H"),
            delta("i"),
            delta(tool_calls=[{"index": 0, **call("f", '{"a"')}]),
            delta(tool_calls=[{"index": 0, "function": {"arguments": ":1}"}}]),
            delta(finish="tool_calls"),
            USAGE_CHUNK,
        )
        assert got["content"] == [THOUGHT, TEXT, USE]
        assert got["stop_reason"] == "tool_use"
        assert got["usage"] == COUNTS

    def test_arguments_of_parallel_calls_by_turns(self) -> None:
        """The blocks stay open, each piece goes to its own."""
        got = spelled(
            delta(tool_calls=[{"index": 0, **call("f", '{"a"')}]),
            delta(tool_calls=[{"index": 1, **call("g", '{"b"', "call_2")}]),
            delta(tool_calls=[{"index": 0, "function": {"arguments": ":1}"}}]),
            delta(tool_calls=[{"index": 1, "function": {"arguments": ":2}"}}]),
            delta(finish="tool_calls"),
        )
        assert [block["input"] for block in got["content"]] == [{"a": 1}, {"b": 2}]

    def test_whole_calls_in_one_chunk(self) -> None:
        """As mlx_lm.server and Ollama send them, without an index."""
        calls = [call("f", '{"a":1}'), call("g", "", "call_2")]
        got = spelled(delta(tool_calls=calls), delta(finish="stop"))
        assert [block["input"] for block in got["content"]] == [{"a": 1}, {}]
        assert got["stop_reason"] == "tool_use"

    def test_a_name_that_comes_late(self) -> None:
        got = spelled(
            delta(tool_calls=[{"index": 0, "id": "call_1", "function": {"arguments": '{"a"'}}]),
            delta(tool_calls=[{"index": 0, "function": {"name": "f", "arguments": ":1}"}}]),
            delta(finish="tool_calls"),
        )
        assert got["content"][0]["input"] == {"a": 1}

    def test_signatures_of_thinking(self) -> None:
        """As this gateway streams them itself, and with hidden thinking."""
        thought = {"index": 0, "type": "thinking", "thinking": "Hm", "signature": "SIG"}
        hidden = {"index": 1, "type": "redacted_thinking", "data": "XX"}
        got = spelled(
            delta(reasoning_content="Hm"),
            delta(thinking_blocks=[thought]),
            delta(thinking_blocks=[hidden]),
            delta("Hi"),
            delta(finish="stop"),
        )
        assert got["content"] == [
            {"type": "thinking", "thinking": "Hm", "signature": "SIG"},
            {"type": "redacted_thinking", "data": "XX"},
            TEXT,
        ]
        alone = spelled(delta(thinking_blocks=[thought]), delta(finish="stop"))
        assert alone["content"] == [{"type": "thinking", "thinking": "Hm", "signature": "SIG"}]

    def test_the_matched_stop_sequence(self) -> None:
        last = delta(finish="stop")
        last["choices"][0]["stop_reason"] = "END"
        got = spelled(delta("Hi"), last, stop_sequences=["END"])
        assert (got["stop_reason"], got["stop_sequence"]) == ("stop_sequence", "END")

    def test_a_refusal(self) -> None:
        got = spelled(delta(refusal="No"), delta(refusal="."), delta(finish="stop"))
        assert got["content"] == [{"type": "text", "text": "No."}]
        assert got["stop_reason"] == "refusal"

    def test_a_stream_without_a_finish_reason_still_ends(self) -> None:
        assert spelled(delta("Hi"))["stop_reason"] == "end_turn"

    def test_chunks_without_choices_begin_nothing(self) -> None:
        """As Azure sends its verdict on the prompt, before the model is known."""
        first, *_ = events({"id": "", "model": "", "choices": []}, delta("Hi"))
        assert first["message"]["model"] == "real-model"

    def test_failures(self) -> None:
        for stream, code in (
            (sse(delta("x"), done=False), "truncated"),
            (sse(delta("x"), {"error": {"message": "boom"}}), "error_in_answer"),
            (b"data: {\n\n", "malformed"),
            (sse(delta("", role="assistant")), "no_answer"),
            (b'{"error": "boom"}', "error_in_answer"),
        ):
            broken = relay()
            out = play(broken, stream)
            assert broken.failure is not None
            assert broken.failure.code == code
            assert b"message_stop" not in out

    def test_a_whole_answer_to_a_stream_request_becomes_a_stream(self) -> None:
        said = {"content": "Hi", "reasoning": "Hm", "tool_calls": [call("f", '{"a":1}')]}
        choice = {"index": 0, "message": said, "finish_reason": "tool_calls"}
        body = js({"id": "chatcmpl-1", "model": "m", "choices": [choice], "usage": USAGE})
        stream = relay()
        whole = message_of(data_of(play(stream, body)))
        assert whole is not None
        assert whole["content"] == [THOUGHT, TEXT, USE]
        assert whole["usage"] == COUNTS
        assert stream.usage == COUNTED


class TestErrors:
    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            (400, "invalid_request_error"),
            (404, "not_found_error"),
            (413, "request_too_large"),
            (429, "rate_limit_error"),
            (500, "api_error"),
            (529, "overloaded_error"),
        ],
    )
    def test_status_and_type(self, status: int, kind: str) -> None:
        out = PAIR.error(of_status(status, b'{"error": {"message": "m", "type": "x"}}'))
        assert out is not None
        assert msgspec.json.decode(out) == {
            "type": "error",
            "error": {"type": kind, "message": "m"},
        }

    def test_a_prompt_too_long_has_anthropics_words(self) -> None:
        """Coding agents look for them before they compact a conversation."""
        body = b'{"error": {"message": "9 > 8", "code": "context_length_exceeded"}}'
        out = PAIR.error(of_status(400, body))
        assert out is not None
        assert msgspec.json.decode(out)["error"]["message"] == "prompt is too long: 9 > 8"

    @pytest.mark.parametrize("body", [b"<html>", b"", b"{}"])
    def test_what_tells_nothing_is_none(self, body: bytes) -> None:
        assert PAIR.error(of_status(500, body)) is None
