"""Anthropic on both sides: nothing changes but the model, and a broken answer is told apart."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from inference.endpoints import messages
from inference.endpoints.registry import translator_for
from inference.protocols.sse import encode
from inference.translate.base import StreamTranslator
from inference.translate.signature import UNSIGNED
from inference.values.failures import of_status
from inference.values.usage import Usage
from tests.inference.translate.support import (
    assert_cuts_do_not_matter,
    blocks,
    data_of,
    js,
    message,
    messages_ask,
    named,
    play,
    text_block,
    tool_block,
)

PAIR = translator_for("messages", "anthropic")
TEXT = {"type": "text", "text": "Hi"}
USE = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}}
THOUGHT = {"type": "thinking", "thinking": "Hm", "signature": "SIG"}


def relay() -> StreamTranslator:
    return PAIR.stream(messages_ask(stream=True))


class TestRequest:
    def test_only_the_model_changes(self) -> None:
        body = (
            b'{"model": "light/light", "max_tokens": 9, "x_new": {"a" : 1.0}, "messages":'
            b' [{"role": "user",  "content": [{"type": "text", "text": "\\u00e9",'
            b' "cache_control": {"type": "ephemeral"}}]}], "temperature": 0.0}'
        )
        out = PAIR.request(messages.parse(body, {}), "claude-real")
        assert out.path == "/messages"
        assert out.dropped == ()
        assert out.body == (
            b'{"model":"claude-real","max_tokens":9,"x_new":{"a" : 1.0},"messages":'
            b'[{"role": "user",  "content": [{"type": "text", "text": "\\u00e9",'
            b' "cache_control": {"type": "ephemeral"}}]}],"temperature":0.0}'
        )

    def test_thinking_of_other_models_is_left_out(self) -> None:
        """It went to the caller from another target; Anthropic would refuse the conversation."""
        other = {**THOUGHT, "signature": UNSIGNED}
        turns = [
            {"role": "assistant", "content": [other, THOUGHT, TEXT]},
            {"role": "assistant", "content": [other]},
            {"role": "user", "content": "x"},
        ]
        out = PAIR.request(messages_ask(messages=turns), "m")
        assert out.dropped == ("messages.thinking",)
        assert msgspec.json.decode(out.body)["messages"] == [
            {"role": "assistant", "content": [THOUGHT, TEXT]},
            {"role": "user", "content": "x"},
        ]


class TestStream:
    def test_events_pass_as_they_came(self) -> None:
        stream = relay()
        name = b"content_block_delta"
        odd = b'{"type":  "content_block_delta", "delta": {"type": "text_delta", "text": "\\t"}}'
        assert stream.feed(encode(odd, name)) == encode(odd, name)
        new = b'{"type": "new_event", "x": 1}'
        assert stream.feed(encode(new, b"new_event")) == encode(new, b"new_event")

    def test_a_whole_stream(self) -> None:
        given = blocks(text_block("H", "i"), tool_block("f", "{}"))
        stream = relay()
        assert play(stream, given) == given
        assert stream.finished
        assert (stream.model, stream.finish_reason) == ("claude-real", "end_turn")
        assert stream.usage == Usage(prompt=10, completion=5)

    def test_an_event_without_a_name_gets_its_own(self) -> None:
        """The SDK looks at names alone."""
        stream = relay()
        assert stream.feed(b'data: {"type": "ping"}\n\n') == encode(b'{"type": "ping"}', b"ping")

    def test_any_cut_gives_the_same(self) -> None:
        assert_cuts_do_not_matter(relay, blocks(text_block("H\u00e9\u2028\U0001f600")))

    @pytest.mark.parametrize(
        ("events", "committed"),
        [
            ([{"type": "ping"}], False),
            ([{"type": "message_start", "message": message()}], False),
            ([{"type": "content_block_start", "content_block": {"type": "text"}}], False),
            ([{"type": "content_block_start", "content_block": USE}], True),
            ([{"type": "content_block_delta", "delta": {"type": "text_delta"}}], True),
            ([{"type": "content_block_delta", "delta": {"type": "thinking_delta"}}], True),
            ([{"type": "message_delta", "delta": {"stop_reason": "end_turn"}}], True),
        ],
    )
    def test_the_first_meaningful_event_commits(self, events: Any, committed: bool) -> None:
        stream = relay()
        assert stream.feed(named(*events))
        assert stream.committed is committed

    def test_a_reason_to_stop_is_an_end_without_message_stop(self) -> None:
        stream = relay()
        whole = blocks(text_block("x"))
        assert play(stream, whole.partition(b"event: message_stop")[0]) == whole
        assert stream.finished
        assert stream.failure is None

    def test_failures(self) -> None:
        error = {"type": "error", "error": {"type": "overloaded_error", "message": "m"}}
        for given, code in (
            (blocks(text_block("x")).partition(b"event: message_delta")[0], "truncated"),
            (named(error), "error_in_answer"),
            (b"event: x\ndata: {\n\n", "malformed"),
            (b"data: 3\n\n", "malformed"),
            (named({"type": "message_stop"}), "no_answer"),
            (b'{"type": "error", "error": {"type": "api_error"}}', "error_in_answer"),
        ):
            stream = relay()
            out = play(stream, given)
            assert stream.failure is not None
            assert stream.failure.code == code
            assert b"message_stop" not in out


class TestWhole:
    def test_a_whole_answer_passes_as_it_came(self) -> None:
        body = msgspec.json.format(js(message(TEXT)), indent=2)
        answer = PAIR.answer(messages_ask(), body)
        assert answer.body == body
        assert (answer.model, answer.finish_reason) == ("claude-real", "end_turn")
        assert answer.usage == Usage(prompt=10, completion=5)

    def test_both_shapes_of_an_answer_serve_for_the_other(self) -> None:
        whole = message(THOUGHT, TEXT, USE, stop="tool_use")
        stream = relay()
        events = data_of(play(stream, js(whole)))
        assert stream.finished
        assert stream.usage == Usage(prompt=10, completion=5)
        answer = PAIR.answer(messages_ask(), named(*events))
        assert msgspec.json.decode(answer.body) == whole

    def test_a_stream_cut_short_is_no_answer(self) -> None:
        given = blocks(text_block("x")).partition(b"event: message_delta")[0]
        assert PAIR.answer(messages_ask(), given).failure is not None


class TestErrors:
    def test_an_error_in_the_callers_form_passes_unmodified(self) -> None:
        body = b'{"type":  "error", "error": {"type": "x", "message": "m"}, "request_id": "r"}'
        assert PAIR.error(of_status(400, body)) == body

    def test_another_form_becomes_anthropics(self) -> None:
        out = PAIR.error(of_status(400, b'{"error": {"message": "m"}}'))
        assert out is not None
        assert msgspec.json.decode(out) == {
            "type": "error",
            "error": {"type": "api_error", "message": "m"},
        }

    @pytest.mark.parametrize("status", [401, 403])
    def test_what_is_about_our_credentials_stays_here(self, status: int) -> None:
        body = b'{"type": "error", "error": {"type": "x", "message": "bad key sk-ant-secret"}}'
        assert PAIR.error(of_status(status, body)) is None
