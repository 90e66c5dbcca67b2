"""OpenAI on both sides: nothing changes but the model, and a broken answer is told apart."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from inference.endpoints import chat
from inference.endpoints.registry import translator_for
from inference.translate.base import StreamTranslator
from inference.values.failures import Outcome, of_status
from inference.values.usage import Usage
from tests.inference.translate.support import (
    assert_cuts_do_not_matter,
    chat_ask,
    data_of,
    delta,
    js,
    play,
    sse,
)

CHAT = translator_for("chat", "openai")
USAGE = {
    "prompt_tokens": 12,
    "completion_tokens": 5,
    "total_tokens": 17,
    "prompt_tokens_details": {"cached_tokens": 8},
    "completion_tokens_details": {"reasoning_tokens": 2},
}
COUNTED = Usage(prompt=12, completion=5, cached=8, reasoning=2)
USAGE_CHUNK = {"id": "chatcmpl-1", "model": "real-model", "choices": [], "usage": USAGE}


def relay(**fields: Any) -> StreamTranslator:
    return CHAT.stream(chat_ask(stream=True, **fields))


class TestRequest:
    def test_only_the_model_changes(self) -> None:
        """Spaces, escapes, number forms and unknown fields reach the upstream as they came."""
        body = (
            b'{"model": "light/light", "messages": [{"role":  "user", "content": "\\u00e9"}],'
            b' "temperature": 0.0, "top_p": 1e0, "seed": 12345678901234567890, "x_new": {"a" : [1]}'
            b"}"
        )
        out = CHAT.request(chat.parse(body, {}), "org/real")
        assert out.path == "/chat/completions"
        assert out.body == (
            b'{"model":"org/real","messages":[{"role":  "user", "content": "\\u00e9"}],'
            b'"temperature":0.0,"top_p":1e0,"seed":12345678901234567890,"x_new":{"a" : [1]}}'
        )
        assert out.dropped == ()

    def test_a_request_without_a_model_gets_one(self) -> None:
        inbound = chat.parse(b'{"messages": [{"role": "user", "content": "x"}]}', {})
        assert msgspec.json.decode(CHAT.request(inbound, "m").body)["model"] == "m"

    @pytest.mark.parametrize("given", [None, {}, {"include_usage": False}, {"other": 1}])
    def test_a_stream_is_always_asked_for_its_usage(self, given: dict[str, object] | None) -> None:
        body = CHAT.request(chat_ask(stream=True, stream_options=given), "m").body
        options = msgspec.json.decode(body)["stream_options"]
        assert options == {**(given or {}), "include_usage": True}

    def test_a_whole_answer_is_not(self) -> None:
        assert b"stream_options" not in CHAT.request(chat_ask(), "m").body

    def test_the_inbound_request_is_not_changed(self) -> None:
        """A second attempt starts from the same fields."""
        inbound = chat_ask(stream=True)
        before = dict(inbound.fields)
        CHAT.request(inbound, "m")
        assert inbound.fields == before


class TestStream:
    def test_chunks_pass_as_they_came(self) -> None:
        one = b'data: {"model":"real-model","x":1,'
        one += b'"choices":[{"delta":{"content":"\xe2\x80\xa8 "}}]}\n\n'
        two = b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'
        stream = relay()
        assert stream.feed(one) == one
        assert stream.committed
        assert stream.feed(two) == two
        assert stream.feed(b"data: [DONE]\n\n") == b"data: [DONE]\n\n"
        assert stream.finished
        assert (stream.model, stream.finish_reason) == ("real-model", "stop")

    def test_any_cut_gives_the_same(self) -> None:
        stream = b": hi\r\n\r\n" + sse(
            delta("", role="assistant"), delta("H\u00e9\u2028\U0001f600"), delta(finish="stop")
        )
        assert_cuts_do_not_matter(relay, stream)

    @pytest.mark.parametrize(
        "said",
        [
            {"content": "x"},
            {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f"}}]},
            {"reasoning_content": "x"},
            {"reasoning": "x"},
            {"refusal": "no"},
            {"audio": {"data": "AA=="}},
            {"function_call": {"name": "f"}},
        ],
    )
    def test_the_first_meaningful_delta_commits(self, said: dict[str, Any]) -> None:
        """The delta of the role alone is returned, yet the stream may still be replaced."""
        stream = relay()
        assert stream.feed(sse(delta("", role="assistant"), done=False))
        assert not stream.committed
        stream.feed(sse(delta(**said), done=False))
        assert stream.committed

    def test_an_empty_answer_with_a_finish_reason_is_an_answer(self) -> None:
        stream = relay()
        play(stream, sse(delta("", role="assistant"), delta(finish="stop")))
        assert stream.committed
        assert stream.finished

    def test_a_stream_that_says_nothing_is_a_failure(self) -> None:
        stream = relay()
        play(stream, sse(delta("", role="assistant")))
        assert stream.failure is not None
        assert stream.failure.code == "no_answer"

    def test_usage_is_kept_from_a_caller_who_did_not_ask(self) -> None:
        stream = relay()
        out = play(stream, sse(delta("x"), delta(finish="stop"), USAGE_CHUNK))
        assert data_of(out) == [delta("x"), delta(finish="stop"), "[DONE]"]
        assert stream.usage == COUNTED

    def test_usage_reaches_a_caller_who_asked(self) -> None:
        stream = relay(stream_options={"include_usage": True})
        out = play(stream, sse(delta("x"), delta(finish="stop"), USAGE_CHUNK))
        assert data_of(out)[-2:] == [USAGE_CHUNK, "[DONE]"]

    def test_a_usage_chunk_under_the_wrong_name(self) -> None:
        """mlx_lm.server calls it a completion, and the SDK's helper passes over that."""
        odd = {**USAGE_CHUNK, "object": "chat.completion"}
        out = play(relay(stream_options={"include_usage": True}), sse(delta("x"), odd))
        assert data_of(out)[1] == {**USAGE_CHUNK, "object": "chat.completion.chunk"}

    def test_usage_inside_a_chunk_that_says_something_stays_there(self) -> None:
        stream = relay()
        last = {**delta("x", finish="stop"), "usage": USAGE}
        assert data_of(play(stream, sse(last))) == [last, "[DONE]"]
        assert stream.usage == COUNTED

    def test_done_comes_once(self) -> None:
        stream = relay()
        out = play(stream, sse(delta("x")) + b"data: [DONE]\n\ndata: [DONE]\n\n")
        assert out.count(b"[DONE]") == 1

    @pytest.mark.parametrize("end", [b"data: [DONE]", b"data:[DONE] \n\n", b"data: [DONE]\r\n"])
    def test_odd_forms_of_done(self, end: bytes) -> None:
        stream = relay()
        assert play(stream, sse(delta("x"), done=False) + end).endswith(b"data: [DONE]\n\n")
        assert stream.finished

    def test_comments_are_dropped(self) -> None:
        stream = relay()
        assert stream.feed(b": keepalive 1/2\n\n") == b""
        assert not stream.committed

    def test_an_event_without_data_is_dropped(self) -> None:
        """A heartbeat of some servers; the SDK would fail on it."""
        assert relay().feed(b"data:\n\n") == b""

    def test_several_choices_pass(self) -> None:
        chunks = [delta("a", index=0), delta("b", index=1), delta(finish="stop", index=0)]
        assert data_of(play(relay(), sse(*chunks)))[:-1] == chunks

    def test_a_stream_cut_short_is_a_failure(self) -> None:
        stream = relay()
        out = play(stream, sse(delta("x"), delta("y"), done=False))
        assert data_of(out) == [delta("x"), delta("y")]
        assert not stream.finished
        assert stream.failure is not None
        assert stream.failure.code == "truncated"
        assert stream.failure.outcome is Outcome.RETRYABLE

    def test_a_reason_to_stop_is_an_end_without_done(self) -> None:
        stream = relay()
        chunks = delta("x"), delta(finish="stop")
        assert play(stream, sse(*chunks, done=False)) == sse(*chunks)
        assert stream.finished
        assert stream.failure is None

    @pytest.mark.parametrize(
        ("event", "status"),
        [
            (b'data: {"error": {"message": "boom"}}\n\n', 502),
            (b'data: {"error": "boom"}\n\n', 502),
            (b'event: error\ndata: {"message": "boom"}\n\n', 502),
            (b'data: {"error": {"message": "slow", "type": "rate_limit_error"}}\n\n', 429),
            (b'data: {"error": {"message": "x", "code": 503}}\n\n', 503),
        ],
    )
    def test_an_error_event_is_a_failure(self, event: bytes, status: int) -> None:
        stream = relay()
        assert play(stream, sse(delta("x"), done=False) + event) == sse(delta("x"), done=False)
        assert stream.failure is not None
        assert stream.failure.code == "error_in_answer"
        assert stream.failure.moves_on
        assert stream.failure.status == status

    def test_a_prompt_too_long_is_told_in_the_stream(self) -> None:
        stream = relay()
        stream.feed(b'data: {"error": {"message": "m", "code": "context_length_exceeded"}}\n\n')
        assert stream.failure is not None
        assert stream.failure.outcome is Outcome.TOO_LONG

    @pytest.mark.parametrize(
        "data", [b"{", b"null", b'{"choices": {}}', b"<html>", b'{"choices": [1]}', b"\xff"]
    )
    def test_broken_json_is_a_failure(self, data: bytes) -> None:
        stream = relay()
        assert play(stream, sse(delta("x"), done=False) + b"data: " + data + b"\n\n") == sse(
            delta("x"), done=False
        )
        assert stream.failure is not None
        assert stream.failure.code == "malformed"

    def test_an_endless_event_is_a_failure(self) -> None:
        stream = relay()
        for _ in range(17):
            stream.feed(b"data: " + b"x" * (1 << 20))
        assert stream.failure is not None
        assert stream.failure.code == "event_too_large"
        assert stream.feed(b"\n\n") == b""

    @pytest.mark.parametrize("odd", [{"usage": 3}, {"model": 7}, {"created": "now"}, {"id": None}])
    def test_an_odd_field_breaks_nothing(self, odd: dict[str, object]) -> None:
        stream = relay()
        play(stream, sse({**delta("x"), **odd}))
        assert stream.finished


MESSAGE: dict[str, Any] = {
    "role": "assistant",
    "content": "Hi",
    "reasoning_content": "Hm",
    "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}},
        {"id": "c2", "type": "function", "function": {"name": "g", "arguments": "{}"}},
    ],
}
COMPLETION = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1700000000,
    "model": "real-model",
    "choices": [{"index": 0, "message": MESSAGE, "finish_reason": "tool_calls"}],
    "usage": USAGE,
}


class TestWhole:
    def test_a_whole_answer_passes_as_it_came(self) -> None:
        body = msgspec.json.format(js(COMPLETION), indent=2)
        answer = CHAT.answer(chat_ask(), body)
        assert answer.body == body
        assert answer.failure is None
        assert (answer.model, answer.finish_reason) == ("real-model", "tool_calls")
        assert answer.usage == COUNTED

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b'{"error": {"message": "boom"}}', "error_in_answer"),
            (b'{"error": "boom"}', "error_in_answer"),
            (b"<html>", "malformed"),
            (b"", "malformed"),
            (b"[]", "malformed"),
            (b"\xff", "malformed"),
            (b'{"choices": []}', "no_answer"),
            (b"{}", "no_answer"),
            (b"data: {}\n\n", "malformed"),
        ],
    )
    def test_a_200_without_an_answer_is_a_failure(self, body: bytes, code: str) -> None:
        answer = CHAT.answer(chat_ask(), body)
        assert answer.body == b""
        assert answer.failure is not None
        assert answer.failure.code == code
        assert answer.failure.moves_on

    @pytest.mark.parametrize("wants", [True, False])
    def test_a_whole_answer_to_a_stream_request_becomes_a_stream(self, wants: bool) -> None:
        """And that stream put together again is the answer."""
        stream = relay(stream_options={"include_usage": wants})
        body = js(COMPLETION)
        assert stream.feed(body[:20]) == b""
        assert stream.feed(body[20:]) == b""
        events = data_of(stream.end())
        assert stream.committed
        assert stream.finished
        assert (stream.model, stream.finish_reason) == ("real-model", "tool_calls")
        assert stream.usage == COUNTED
        assert events[-1] == "[DONE]"
        assert ("usage" in events[-2]) is wants
        answer = CHAT.answer(chat_ask(), sse(*events[:-1]))
        expected = dict(COMPLETION)
        if not wants:
            del expected["usage"]
        assert msgspec.json.decode(answer.body) == expected

    def test_a_whole_error_to_a_stream_request_is_a_failure(self) -> None:
        stream = relay()
        assert play(stream, b'{"error": "boom"}') == b""
        assert stream.failure is not None
        assert stream.failure.code == "error_in_answer"
        assert not stream.committed

    def test_a_stream_to_a_whole_request_is_put_together(self) -> None:
        calls = [
            {
                "index": 0,
                "id": "c1",
                "type": "function",
                "function": {"name": "f", "arguments": ""},
            },
            {"index": 0, "function": {"arguments": '{"a"'}},
            {
                "index": 1,
                "id": "c2",
                "type": "function",
                "function": {"name": "g", "arguments": "{}"},
            },
            {"index": 0, "function": {"arguments": ":1}"}},
        ]
        body = sse(
            delta("", role="assistant"),
            delta(reasoning_content="H"),
            delta(reasoning_content="m"),
            delta("H"),
            delta("i"),
            *(delta(tool_calls=[call]) for call in calls),
            delta(finish="tool_calls"),
            USAGE_CHUNK,
        )
        answer = CHAT.answer(chat_ask(), body)
        assert msgspec.json.decode(answer.body) == COMPLETION
        assert answer.usage == COUNTED

    def test_an_error_in_a_stream_to_a_whole_request_is_a_failure(self) -> None:
        answer = CHAT.answer(chat_ask(), sse(delta("x"), {"error": {"message": "boom"}}))
        assert answer.failure is not None
        assert answer.failure.code == "error_in_answer"


class TestErrors:
    def test_an_error_in_the_callers_form_passes_unmodified(self) -> None:
        body = b'{"error":  {"message": "m", "type": "t", "param": null, "code": "c"}, "x": 1}'
        assert CHAT.error(of_status(400, body)) == body

    @pytest.mark.parametrize(
        "body",
        [b'{"error": "boom"}', b'{"object": "error", "message": "boom"}', b'{"detail": "boom"}'],
    )
    def test_other_forms_become_openais(self, body: bytes) -> None:
        out = CHAT.error(of_status(400, body))
        assert out is not None
        assert msgspec.json.decode(out)["error"] == {
            "message": "boom",
            "type": "invalid_request_error",
            "param": None,
            "code": None,
        }

    @pytest.mark.parametrize("body", [b"<html>", b"", b"null", b'{"a": 1}', b'"text"', b"\xff"])
    def test_what_tells_nothing_is_none(self, body: bytes) -> None:
        assert CHAT.error(of_status(502, body)) is None

    @pytest.mark.parametrize("status", [401, 402, 403])
    def test_what_is_about_our_credentials_stays_here(self, status: int) -> None:
        """An upstream quotes the key it refused."""
        body = b'{"error": {"message": "Incorrect API key provided: sk-secret"}}'
        assert CHAT.error(of_status(status, body)) is None


class TestTextCompletions:
    PAIR = translator_for("completions", "openai")

    def test_a_stream_passes(self) -> None:
        chunk = {"object": "text_completion", "model": "m", "choices": [{"index": 0, "text": "x"}]}
        stream = self.PAIR.stream(chat_ask(stream=True))
        assert data_of(play(stream, sse(chunk))) == [chunk, "[DONE]"]
        assert stream.committed

    def test_both_shapes_of_an_answer_serve_for_the_other(self) -> None:
        choice = {"index": 0, "text": "xy", "finish_reason": "stop"}
        whole = {"id": "cmpl-1", "object": "text_completion", "model": "m", "choices": [choice]}
        events = data_of(play(self.PAIR.stream(chat_ask(stream=True)), js(whole)))
        assert events == [whole, "[DONE]"]
        pieces = [{**whole, "choices": [{**choice, "text": t}]} for t in "xy"]
        assert msgspec.json.decode(self.PAIR.answer(chat_ask(), sse(*pieces)).body) == whole

    def test_it_goes_to_its_own_path(self) -> None:
        assert self.PAIR.request(chat_ask(), "m").path == "/completions"


class TestEmbeddings:
    PAIR = translator_for("embeddings", "openai")

    def test_an_answer_passes(self) -> None:
        body = b'{"data": [{"embedding": [0.10]}], "model": "m", "usage": {"prompt_tokens": 3}}'
        answer = self.PAIR.answer(chat_ask(), body)
        assert (answer.body, answer.model, answer.usage) == (body, "m", Usage(prompt=3))

    def test_no_data_is_a_failure(self) -> None:
        answer = self.PAIR.answer(chat_ask(), b'{"data": []}')
        assert answer.failure is not None
        assert answer.failure.code == "no_answer"
