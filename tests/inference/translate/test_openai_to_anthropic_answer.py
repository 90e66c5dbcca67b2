"""What a caller of OpenAI's protocol gets of Anthropic's answers: whole, streamed and failed."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from inference.translate.base import StreamTranslator, TranslatedAnswer
from inference.translate.chat.caller import ChatCaller
from inference.translate.messages.upstream.upstream import MessagesUpstream
from inference.translate.via import Composed
from inference.values.failures import Outcome, of_status
from inference.values.usage import Usage
from tests.inference.translate.support import (
    assert_cuts_do_not_matter,
    blocks,
    call,
    chat_ask,
    data_of,
    js,
    message,
    named,
    play,
    text_block,
    tool_block,
)

PAIR = Composed(ChatCaller(), MessagesUpstream(clock=lambda: 1700000000.9))
TEXT = {"type": "text", "text": "Hi"}
THOUGHT = {"type": "thinking", "thinking": "Hm", "signature": "SIG"}
HIDDEN = {"type": "redacted_thinking", "data": "XX"}
USE = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}}
THINKING = (
    {"type": "thinking", "thinking": "", "signature": ""},
    [
        {"type": "thinking_delta", "thinking": "H"},
        {"type": "thinking_delta", "thinking": "m"},
        {"type": "signature_delta", "signature": "SIG"},
    ],
)
COUNTS = {
    "input_tokens": 10,
    "output_tokens": 5,
    "cache_read_input_tokens": 30,
    "cache_creation_input_tokens": 2,
    "output_tokens_details": {"thinking_tokens": 4},
    "service_tier": "standard",
}
COUNTED = Usage(prompt=42, completion=5, cached=30, cache_written=2, reasoning=4)


def answer(*content: Any, stop: str = "end_turn", **more: Any) -> TranslatedAnswer:
    return PAIR.answer(chat_ask(), js(message(*content, stop=stop, **more)))


def completion(*content: Any, stop: str = "end_turn", **more: Any) -> Any:
    """The completion the caller gets, checked by the official SDK's types."""
    body = answer(*content, stop=stop, **more).body
    ChatCompletion.model_validate_json(body)
    return msgspec.json.decode(body)


def said(*content: Any, **more: Any) -> Any:
    return completion(*content, **more)["choices"][0]["message"]


def relay(**fields: Any) -> StreamTranslator:
    return PAIR.stream(chat_ask(stream=True, **fields))


def chunks(stream: bytes, **fields: Any) -> list[Any]:
    """The chunks the caller gets, checked by the official SDK's types; `[DONE]` came last."""
    *found, done = data_of(play(relay(**fields), stream))
    assert done == "[DONE]"
    for chunk in found:
        ChatCompletionChunk.model_validate(chunk)
    return found


def deltas(stream: bytes) -> list[Any]:
    return [chunk["choices"][0]["delta"] for chunk in chunks(stream)]


class TestWhole:
    def test_it_works(self) -> None:
        assert completion(TEXT) == {
            "id": "msg_1",
            "object": "chat.completion",
            "created": 1700000000,
            "model": "claude-real",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "Hi", "refusal": None},
                    "logprobs": None,
                    "finish_reason": "stop",
                }
            ],
            "usage": {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 15,
                "prompt_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 0},
            },
        }

    def test_text_beside_parallel_tool_calls(self) -> None:
        other = {**USE, "id": "toolu_2", "input": {}}
        got = said(TEXT, USE, other, stop="tool_use")
        assert got["content"] == "Hi"
        assert got["tool_calls"] == [call("f", '{"a":1}', "toolu_1"), call("f", "{}", "toolu_2")]

    def test_tool_calls_alone_have_no_content(self) -> None:
        assert said(USE, stop="tool_use")["content"] is None

    def test_thinking_and_its_signature(self) -> None:
        got = said(THOUGHT, HIDDEN, TEXT)
        assert got["reasoning_content"] == "Hm"
        assert got["thinking_blocks"] == [THOUGHT, HIDDEN]

    @pytest.mark.parametrize(
        ("stop", "finish"),
        [
            ("end_turn", "stop"),
            ("stop_sequence", "stop"),
            ("max_tokens", "length"),
            ("model_context_window_exceeded", "length"),
            ("tool_use", "tool_calls"),
            ("pause_turn", "stop"),
            ("refusal", "content_filter"),
            ("something_new", "stop"),
        ],
    )
    def test_every_stop_reason(self, stop: str, finish: str) -> None:
        got = answer(TEXT, stop=stop)
        assert got.finish_reason == finish
        assert completion(TEXT, stop=stop)["choices"][0]["finish_reason"] == finish

    def test_the_matched_stop_sequence(self) -> None:
        got = completion(TEXT, stop="stop_sequence", stop_sequence="END")
        assert got["choices"][0]["stop_reason"] == "END"

    def test_a_refusal_says_why(self) -> None:
        details = {"type": "refusal", "category": "bio", "explanation": "No."}
        assert said(stop="refusal", stop_details=details)["refusal"] == "No."

    def test_usage_with_caches_and_reasoning(self) -> None:
        got = completion(TEXT, usage=COUNTS)
        assert answer(TEXT, usage=COUNTS).usage == COUNTED
        assert got["usage"] == {
            "prompt_tokens": 42,
            "completion_tokens": 5,
            "total_tokens": 47,
            "prompt_tokens_details": {"cached_tokens": 30, "cache_write_tokens": 2},
            "completion_tokens_details": {"reasoning_tokens": 4},
        }
        assert got["service_tier"] == "default"

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b'{"type": "error", "error": {"type": "overloaded_error"}}', "error_in_answer"),
            (b'{"type": "message", "content": null}', "no_answer"),
            (b"{}", "no_answer"),
            (b"<html>", "malformed"),
            (b"", "malformed"),
            (b"[]", "malformed"),
            (b'{"content": 3}', "malformed"),
        ],
    )
    def test_a_200_without_an_answer_is_a_failure(self, body: bytes, code: str) -> None:
        got = PAIR.answer(chat_ask(), body)
        assert got.body == b""
        assert got.failure is not None
        assert got.failure.code == code

    def test_a_stream_to_a_whole_request_is_put_together(self) -> None:
        stream = blocks(THINKING, text_block("H", "i"), tool_block("f", '{"a":', "1}"))
        assert msgspec.json.decode(PAIR.answer(chat_ask(), stream).body) == completion(
            THOUGHT, TEXT, USE
        )


class TestStream:
    def test_it_works(self) -> None:
        stream = relay()
        out = play(stream, blocks(text_block("H", "i")))
        assert out.endswith(b"data: [DONE]\n\n")
        assert [chunk["choices"][0] for chunk in data_of(out)[:-1]] == [
            {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
            for delta, finish in (
                ({"role": "assistant", "content": ""}, None),
                ({"content": "H"}, None),
                ({"content": "i"}, None),
                ({}, "stop"),
            )
        ]
        assert stream.finished
        assert (stream.model, stream.finish_reason) == ("claude-real", "stop")
        assert stream.usage == Usage(prompt=10, completion=5)

    def test_any_cut_gives_the_same(self) -> None:
        stream = blocks(THINKING, text_block("H\u00e9\u2028\U0001f600"), tool_block("f", '{"a":1}'))
        assert_cuts_do_not_matter(relay, stream)

    def test_parallel_tool_calls(self) -> None:
        """One call streams, one has no arguments, one server sends them all at once."""
        whole: Any = ({**USE, "id": "toolu_3"}, [])
        stream = blocks(
            text_block("Hi"),
            tool_block("f", '{"a"', ":1}"),
            tool_block("g", call_id="toolu_2"),
            whole,
            stop="tool_use",
        )
        found = [delta["tool_calls"][0] for delta in deltas(stream) if "tool_calls" in delta]
        assert [piece["index"] for piece in found] == [0, 0, 0, 1, 1, 2, 2]
        assert found[0] == {"index": 0, **call("f", "", "toolu_1")}
        arguments = ["", "", ""]
        for piece in found:
            arguments[piece["index"]] += piece["function"]["arguments"]
        assert arguments == ['{"a":1}', "{}", '{"a":1}']
        assert chunks(stream)[-1]["choices"][0]["finish_reason"] == "tool_calls"

    def test_thinking_and_its_signature(self) -> None:
        """Reasoning streams; the block to send back comes when it is whole."""
        got = deltas(blocks(THINKING, (HIDDEN, []), text_block("Hi")))
        assert [d["reasoning_content"] for d in got if "reasoning_content" in d] == ["H", "m"]
        assert [d["thinking_blocks"] for d in got if "thinking_blocks" in d] == [
            [{"index": 0, **THOUGHT}],
            [{"index": 1, **HIDDEN}],
        ]

    @pytest.mark.parametrize(
        "block", [text_block("x"), tool_block("f"), THINKING, (HIDDEN, [])], ids=str
    )
    def test_the_first_meaningful_event_commits(self, block: Any) -> None:
        head, _, rest = blocks(block).partition(b"event: content_block_start")
        stream = relay()
        assert stream.feed(head)
        assert not stream.committed
        stream.feed(b"event: content_block_start" + rest.partition(b"event: message_delta")[0])
        assert stream.committed

    def test_an_empty_answer_is_an_answer(self) -> None:
        stream = relay()
        play(stream, blocks())
        assert stream.committed
        assert stream.finished

    def test_a_message_that_stops_without_a_reason_is_a_failure(self) -> None:
        stream = relay()
        stream.feed(named({"type": "message_start", "message": message()}))
        play(stream, named({"type": "message_stop"}))
        assert stream.failure is not None
        assert stream.failure.code == "no_answer"

    def test_usage_for_a_caller_who_asked(self) -> None:
        stream = blocks(text_block("x")).replace(
            b'"usage":{"input_tokens":10,"output_tokens":1}', b'"usage":' + js(COUNTS)
        )
        last = chunks(stream, stream_options={"include_usage": True})[-1]
        assert last["choices"] == []
        assert last["usage"]["prompt_tokens_details"]["cached_tokens"] == 30
        assert last["usage"]["completion_tokens"] == 5

    def test_the_matched_stop_sequence_and_a_refusal(self) -> None:
        stream = blocks(text_block("x"), stop="stop_sequence").replace(
            b'"stop_sequence":null},"usage"', b'"stop_sequence":"END"},"usage"'
        )
        assert chunks(stream)[-1]["choices"][0]["stop_reason"] == "END"
        stream = blocks(stop="refusal").replace(
            b'"stop_sequence":null},"usage"',
            b'"stop_details":{"type":"refusal","explanation":"No."}},"usage"',
        )
        last = chunks(stream)[-1]["choices"][0]
        assert (last["delta"], last["finish_reason"]) == ({"refusal": "No."}, "content_filter")

    def test_what_is_unknown_is_passed_over(self) -> None:
        """New events and blocks of server tools do no harm."""
        unknown = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
        pieces = [{"type": "input_json_delta", "partial_json": "{}"}, {"type": "new_delta"}]
        stream = named({"type": "new_event"}) + blocks((unknown, pieces), text_block("x"))
        assert [d for d in deltas(stream) if d] == [
            {"role": "assistant", "content": ""},
            {"content": "x"},
        ]

    def test_a_stream_cut_short_is_a_failure(self) -> None:
        stream = relay()
        out = play(stream, blocks(text_block("x")).partition(b"event: message_delta")[0])
        assert b"[DONE]" not in out
        assert stream.failure is not None
        assert stream.failure.code == "truncated"

    def test_an_error_event_is_a_failure(self) -> None:
        error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
        stream = relay()
        assert play(stream, named(error)) == b""
        assert stream.failure is not None
        assert (stream.failure.code, stream.failure.status) == ("error_in_answer", 503)
        stream = relay()
        out = play(
            stream, blocks(text_block("x")).partition(b"event: message_delta")[0], named(error)
        )
        assert stream.committed
        assert stream.failure is not None
        assert b"Overloaded" not in out

    def test_broken_json_is_a_failure(self) -> None:
        stream = relay()
        stream.feed(b'event: message_start\ndata: {"type"\n\n')
        assert stream.failure is not None
        assert stream.failure.code == "malformed"

    def test_a_whole_answer_to_a_stream_request_becomes_a_stream(self) -> None:
        body = js(message(THOUGHT, TEXT, USE, stop="tool_use", usage=COUNTS))
        stream = relay()
        found = data_of(play(stream, body))
        assert stream.usage == COUNTED
        text = "".join(c["choices"][0]["delta"].get("content", "") for c in found[:-1])
        assert text == "Hi"
        assert found[-2]["choices"][0]["finish_reason"] == "tool_calls"
        assert found[-1] == "[DONE]"


class TestErrors:
    def test_the_message_reaches_the_caller_in_its_form(self) -> None:
        body = b'{"type": "error", "error": {"type": "invalid_request_error", "message": "m"}}'
        out = PAIR.error(of_status(400, body))
        assert out is not None
        assert msgspec.json.decode(out)["error"] == {
            "message": "m",
            "type": "invalid_request_error",
            "param": None,
            "code": None,
        }

    def test_a_prompt_too_long_has_openais_code(self) -> None:
        body = b'{"type": "error", "error": {"type": "x", "message": "prompt is too long: 9 > 8"}}'
        failure = of_status(400, body)
        assert failure.outcome is Outcome.TOO_LONG
        out = PAIR.error(failure)
        assert out is not None
        assert msgspec.json.decode(out)["error"]["code"] == "context_length_exceeded"

    @pytest.mark.parametrize("body", [b"<html>", b"", b"{}", b'{"error": {}}', b"[]"])
    def test_what_tells_nothing_is_none(self, body: bytes) -> None:
        assert PAIR.error(of_status(500, body)) is None
