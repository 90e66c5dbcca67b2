"""What a caller of the Responses API gets, of either kind of upstream: whole, streamed, failed."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from inference.translate.base import StreamTranslator, Translator
from inference.translate.chat.upstream import ChatUpstream
from inference.translate.messages.upstream.upstream import MessagesUpstream
from inference.translate.responses.caller import ResponsesCaller
from inference.translate.responses.reasoning import Kept, opened
from inference.translate.via import Composed
from inference.values.failures import of_status
from inference.values.usage import Usage
from tests.inference.translate.support import (
    assert_cuts_do_not_matter,
    blocks,
    call,
    delta,
    events_of,
    js,
    message,
    play,
    responses_ask,
    sse,
    text_block,
    tool_block,
)

CALLER = ResponsesCaller(clock=lambda: 1700000000.5)
CHAT = Composed(CALLER, ChatUpstream())
ANTHROPIC = Composed(CALLER, MessagesUpstream())
EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
USAGE = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
USAGE_CHUNK = {"id": "chatcmpl-1", "model": "real-model", "choices": [], "usage": USAGE}
THOUGHT = {"type": "thinking", "thinking": "Hm", "signature": "SIG"}
TEXT = {"type": "text", "text": "Hi"}
USE = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}}


def completion(said: Any, finish: str = "stop", **more: Any) -> bytes:
    choice = {"index": 0, "message": said, "finish_reason": finish}
    whole = {"id": "chatcmpl-1", "model": "real-model", "choices": [choice], "usage": USAGE}
    return js({**whole, **more})


def response(body: bytes, pair: Translator = CHAT, **fields: Any) -> Any:
    """The Response the caller gets, checked by the official SDK's types."""
    answer = pair.answer(responses_ask(**fields), body)
    assert answer.failure is None
    Response.model_validate_json(answer.body)
    return msgspec.json.decode(answer.body)


def relay(pair: Translator = CHAT, **fields: Any) -> StreamTranslator:
    return pair.stream(responses_ask(stream=True, **fields))


def events(stream: bytes, pair: Translator = CHAT, **fields: Any) -> list[Any]:
    """The events the caller gets: named by type, numbered, checked by the official SDK's types."""
    out = events_of(play(relay(pair, **fields), stream))
    found = [msgspec.json.decode(event.data) for event in out]
    for number, (event, data) in enumerate(zip(out, found, strict=True)):
        assert event.name.decode() == data["type"]
        assert data["sequence_number"] == number
        EVENT.validate_python(data)
    return found


def types(found: list[Any]) -> list[str]:
    return [event["type"].removeprefix("response.") for event in found]


class TestWhole:
    def test_it_works(self) -> None:
        got = response(completion({"content": "Hi"}), instructions="I", metadata={"a": "b"})
        assert got == {
            "id": "resp_chatcmpl-1",
            "model": "real-model",
            "object": "response",
            "created_at": 1700000000,
            "status": "completed",
            "background": False,
            "error": None,
            "incomplete_details": None,
            "previous_response_id": None,
            "store": False,
            "instructions": "I",
            "max_output_tokens": None,
            "max_tool_calls": None,
            "metadata": {"a": "b"},
            "parallel_tool_calls": True,
            "reasoning": {"effort": None, "summary": None},
            "temperature": None,
            "text": {"format": {"type": "text"}},
            "tool_choice": "auto",
            "tools": [],
            "top_p": None,
            "truncation": "disabled",
            "user": None,
            "output": [
                {
                    "id": "msg_chatcmpl-1_0",
                    "type": "message",
                    "role": "assistant",
                    "status": "completed",
                    "content": [
                        {"type": "output_text", "text": "Hi", "annotations": [], "logprobs": []}
                    ],
                }
            ],
            "usage": {
                "input_tokens": 9,
                "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
                "output_tokens": 3,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": 12,
            },
        }

    def test_reasoning_text_and_calls_in_order(self) -> None:
        said = {"reasoning": "Hm", "content": "Hi", "tool_calls": [call("f", '{"a":1}')]}
        thought, text, made = response(completion(said, "tool_calls"))["output"]
        assert thought["content"] == [{"type": "reasoning_text", "text": "Hm"}]
        assert opened(thought["encrypted_content"]) == Kept(reasoning="Hm")
        assert text["content"][0]["text"] == "Hi"
        assert made == {
            "id": "fc_call_1",
            "type": "function_call",
            "status": "completed",
            "call_id": "call_1",
            "name": "f",
            "arguments": '{"a":1}',
        }

    def test_reasoning_as_a_summary_when_one_was_asked_for(self) -> None:
        said = {"reasoning_content": "Hm", "content": "Hi"}
        [thought, _] = response(completion(said), reasoning={"summary": "auto"})["output"]
        assert thought["summary"] == [{"type": "summary_text", "text": "Hm"}]
        assert "content" not in thought

    def test_anthropics_thinking_keeps_its_signature(self) -> None:
        hidden = {"type": "redacted_thinking", "data": "XX"}
        body = js(message(THOUGHT, hidden, TEXT, USE, stop="tool_use"))
        thought, text, made = response(body, ANTHROPIC)["output"]
        kept = opened(thought["encrypted_content"])
        assert kept is not None
        assert kept.blocks == [THOUGHT, hidden]
        assert text["content"][0]["text"] == "Hi"
        assert (made["call_id"], made["arguments"]) == ("toolu_1", '{"a":1}')

    @pytest.mark.parametrize(
        ("finish", "reason"),
        [("length", "max_output_tokens"), ("content_filter", "content_filter")],
    )
    def test_an_answer_cut_short(self, finish: str, reason: str) -> None:
        got = response(completion({"content": "Hi"}, finish))
        assert got["status"] == "incomplete"
        assert got["incomplete_details"] == {"reason": reason}
        assert got["output"][0]["status"] == "incomplete"

    def test_a_refusal(self) -> None:
        got = response(completion({"refusal": "No."}))
        assert got["output"][0]["content"] == [{"type": "refusal", "refusal": "No."}]

    def test_the_request_is_echoed_as_it_came(self) -> None:
        tools = [{"type": "function", "name": "f", "parameters": {}, "strict": True}]
        fields: dict[str, Any] = {"tools": tools, "temperature": 0, "tool_choice": "none"}
        got = response(completion({"content": "Hi"}), **fields)
        assert {name: got[name] for name in fields} == fields

    def test_failures(self) -> None:
        for pair in (CHAT, ANTHROPIC):
            for body in (b'{"error": {"message": "boom"}}', b"{}", b"<html>"):
                answer = pair.answer(responses_ask(), body)
                assert answer.failure is not None
                assert answer.body == b""


class TestStream:
    def test_text(self) -> None:
        stream = relay()
        out = play(stream, sse(delta("H"), delta("i"), delta(finish="stop"), USAGE_CHUNK))
        assert b"[DONE]" not in out
        assert stream.finished
        assert (stream.model, stream.finish_reason) == ("real-model", "stop")
        assert stream.usage == Usage(prompt=9, completion=3)
        found = events(sse(delta("H"), delta("i"), delta(finish="stop"), USAGE_CHUNK))
        assert types(found) == [
            "created",
            "in_progress",
            "output_item.added",
            "content_part.added",
            "output_text.delta",
            "output_text.delta",
            "output_text.done",
            "content_part.done",
            "output_item.done",
            "completed",
        ]
        assert found[-1]["response"] == response(completion({"content": "Hi"}))

    def test_reasoning_and_its_summary(self) -> None:
        chunks = sse(delta(reasoning_content="H"), delta(reasoning_content="m"), delta("Hi"))
        assert types(events(chunks))[2:8] == [
            "output_item.added",
            "content_part.added",
            "reasoning_text.delta",
            "reasoning_text.delta",
            "reasoning_text.done",
            "content_part.done",
        ]
        assert types(events(chunks, reasoning={"summary": "auto"}))[2:8] == [
            "output_item.added",
            "reasoning_summary_part.added",
            "reasoning_summary_text.delta",
            "reasoning_summary_text.delta",
            "reasoning_summary_text.done",
            "reasoning_summary_part.done",
        ]

    def test_arguments_of_parallel_calls_by_turns(self) -> None:
        found = events(
            sse(
                delta(tool_calls=[{"index": 0, **call("f", '{"a"')}]),
                delta(tool_calls=[{"index": 1, **call("g", "", "call_2")}]),
                delta(tool_calls=[{"index": 0, "function": {"arguments": ":1}"}}]),
                delta(finish="tool_calls"),
            )
        )
        made = found[-1]["response"]["output"]
        assert [(c["call_id"], c["arguments"]) for c in made] == [
            ("call_1", '{"a":1}'),
            ("call_2", "{}"),
        ]

    def test_a_name_that_comes_late(self) -> None:
        found = events(
            sse(
                delta(tool_calls=[{"index": 0, "id": "call_1", "function": {"arguments": "{"}}]),
                delta(tool_calls=[{"index": 0, "function": {"name": "f", "arguments": "}"}}]),
                delta(finish="tool_calls"),
            )
        )
        [made] = found[-1]["response"]["output"]
        assert (made["call_id"], made["arguments"]) == ("call_1", "{}")

    def test_text_and_refusal_are_parts_of_one_message(self) -> None:
        found = events(sse(delta("Well"), delta(refusal="No"), delta(refusal=".")))
        [item] = found[-1]["response"]["output"]
        assert [part["type"] for part in item["content"]] == ["output_text", "refusal"]
        assert item["content"][1]["refusal"] == "No."

    def test_an_answer_cut_short(self) -> None:
        found = events(sse(delta("Hi"), delta(finish="length")))
        assert types(found)[-1] == "incomplete"
        assert found[-1]["response"]["incomplete_details"] == {"reason": "max_output_tokens"}

    def test_from_anthropic(self) -> None:
        thinking = (
            {"type": "thinking", "thinking": "", "signature": ""},
            [
                {"type": "thinking_delta", "thinking": "Hm"},
                {"type": "signature_delta", "signature": "SIG"},
            ],
        )
        stream = blocks(thinking, text_block("H", "i"), tool_block("f", '{"a":1}'), stop="tool_use")
        found = events(stream, ANTHROPIC)
        whole = response(js(message(THOUGHT, TEXT, USE, stop="tool_use")), ANTHROPIC)
        assert found[-1]["response"] == whole

    @pytest.mark.parametrize(
        ("pair", "stream"),
        [
            (CHAT, sse(delta("H\u00e9\u2028\U0001f600"), delta(finish="stop"))),
            (ANTHROPIC, blocks(text_block("H\u00e9\u2028\U0001f600"))),
        ],
    )
    def test_any_cut_gives_the_same(self, pair: Translator, stream: bytes) -> None:
        assert_cuts_do_not_matter(lambda: relay(pair), stream)

    def test_nothing_commits_before_the_first_item(self) -> None:
        stream = relay()
        assert stream.feed(sse(delta("", role="assistant"), done=False))
        assert not stream.committed
        stream.feed(sse(delta("x"), done=False))
        assert stream.committed

    @pytest.mark.parametrize("pair", [CHAT, ANTHROPIC])
    def test_a_stream_cut_short_is_a_failure(self, pair: Translator) -> None:
        chat = sse(delta("x"), done=False)
        anthropic = blocks(text_block("x")).partition(b"event: message_delta")[0]
        stream = relay(pair)
        out = play(stream, chat if pair is CHAT else anthropic)
        assert stream.failure is not None
        assert stream.failure.code == "truncated"
        assert b"response.completed" not in out


PATCH = '*** Begin Patch\n+"quoted" \\ \u00e4\n*** End Patch'
CUSTOM = {"type": "custom", "name": "apply_patch", "description": "Edits"}
SPACE = {"type": "namespace", "name": "mcp__docs", "tools": [{"type": "function", "name": "find"}]}


class TestToolsThatChatHasNot:
    def test_a_call_of_a_custom_tool_streamed(self) -> None:
        told = js({"input": PATCH}).decode()
        found = events(
            sse(
                delta(tool_calls=[{"index": 0, **call("apply_patch", told[:9])}]),
                delta(tool_calls=[{"index": 0, "function": {"arguments": told[9:]}}]),
                delta(finish="tool_calls"),
            ),
            tools=[CUSTOM],
        )
        assert types(found)[2:] == [
            "output_item.added",
            "custom_tool_call_input.delta",
            "custom_tool_call_input.done",
            "output_item.done",
            "completed",
        ]
        assert found[3]["delta"] == found[4]["input"] == PATCH
        assert found[-1]["response"]["output"] == [
            {
                "id": "ctc_call_1",
                "type": "custom_tool_call",
                "status": "completed",
                "call_id": "call_1",
                "name": "apply_patch",
                "input": PATCH,
            }
        ]

    def test_a_call_of_a_custom_tool_whole_and_from_anthropic(self) -> None:
        use = {"type": "tool_use", "id": "toolu_1", "name": "apply_patch", "input": {"input": "x"}}
        [made] = response(js(message(use, stop="tool_use")), ANTHROPIC, tools=[CUSTOM])["output"]
        assert (made["type"], made["input"]) == ("custom_tool_call", "x")

    @pytest.mark.parametrize(
        ("arguments", "text"),
        [
            ('{"input":"x"}', "x"),
            ('{"patch":"x"}', "x"),
            ("{}", ""),
            ("", ""),
            ('"x"', "x"),
            ("*** Begin", "*** Begin"),
            ('{"a":1,"b":2}', '{"a":1,"b":2}'),
            ('{"input":{"a":1}}', '{"input":{"a":1}}'),
            ("[1]", "[1]"),
        ],
    )
    def test_what_models_make_of_the_one_argument(self, arguments: str, text: str) -> None:
        said = {"tool_calls": [call("apply_patch", arguments)]}
        [made] = response(completion(said, "tool_calls"), tools=[CUSTOM])["output"]
        assert made["input"] == text

    @pytest.mark.parametrize(
        "fields",
        [
            {"tools": [SPACE]},
            {"input": [{"type": "additional_tools", "role": "developer", "tools": [SPACE]}]},
        ],
    )
    def test_a_call_of_a_function_in_a_namespace(self, fields: Any) -> None:
        said = {"tool_calls": [call("mcp__docs__find", "{}")]}
        body = CHAT.answer(responses_ask(**fields), completion(said, "tool_calls")).body
        [made] = msgspec.json.decode(body)["output"]
        assert made["type"] == "function_call"
        assert (made["name"], made["namespace"]) == ("find", "mcp__docs")

    def test_a_failed_response_tells_how_far_it_got(self) -> None:
        stream = relay()
        stream.feed(sse(delta("Hel"), done=False))
        assert stream.sequence == 5
        assert stream.partial is not None
        assert stream.partial["id"] == "resp_chatcmpl-1"
        assert stream.partial["status"] == "failed"
        assert relay().partial is None


def test_errors_have_openais_form() -> None:
    body = b'{"error": {"message": "m", "type": "t", "param": null, "code": null}}'
    assert CHAT.error(of_status(400, body)) == body
    out = ANTHROPIC.error(of_status(400, b'{"type": "error", "error": {"message": "m"}}'))
    assert out is not None
    assert msgspec.json.decode(out)["error"]["message"] == "m"
