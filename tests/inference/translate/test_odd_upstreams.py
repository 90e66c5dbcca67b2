"""What upstreams send beside their protocol: read as far as it is needed, for every caller."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.endpoints.registry import translator_for
from inference.translate.base import Translator
from inference.translate.chat.calls import CallPieces
from inference.translate.chat.thinking_order import interleaved, placed
from inference.translate.hub_answer import COMPLETION
from inference.translate.lenient import loads
from inference.translate.sealing import opened_id, sealed_id
from inference.translate.signature import details_in, is_unsigned, mark
from inference.values.usage import MOST, Usage, clamped, of_both, of_openai
from tests.inference.translate.support import (
    chat_ask,
    data_of,
    delta,
    js,
    messages_ask,
    play,
    responses_ask,
    sse,
)

CHAT = translator_for("chat", "openai")
MESSAGES = translator_for("messages", "openai")
RESPONSES = translator_for("responses", "openai")


def piece(index: Any, call_id: Any, name: Any, arguments: Any, **more: Any) -> dict[str, Any]:
    call: dict[str, Any] = {"function": {"name": name, "arguments": arguments}, **more}
    if index is not None:
        call["index"] = index
    return {**call, "id": call_id} if call_id is not None else call


def called(*chunks: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Id, name and input of the calls that a caller of messages gets."""
    out = data_of(play(MESSAGES.stream(messages_ask(stream=True)), sse(*chunks)))
    calls: list[tuple[str, str, str]] = []
    open_blocks: set[int] = set()
    for event in out:
        if event["type"] == "content_block_start":
            open_blocks.add(event["index"])
            assert len(open_blocks) == 1
            block = event["content_block"]
            if block["type"] == "tool_use":
                calls.append((block["id"], block["name"], ""))
        elif event["type"] == "content_block_stop":
            open_blocks.remove(event["index"])
        elif event.get("delta", {}).get("type") == "input_json_delta":
            call_id, name, known = calls[-1]
            calls[-1] = (call_id, name, known + event["delta"]["partial_json"])
    return calls


TWO = [("a", "f", '{"x":1}'), ("b", "g", '{"y":2}')]


@pytest.mark.parametrize(
    "chunks",
    [
        [[piece(0, "a", "f", '{"x":1}')], [piece(0, "b", "g", '{"y":2}')]],
        [[piece(0, "a", "f", '{"x":1}'), piece(0, "b", "g", '{"y":2}')]],
        [[piece(None, "a", "f", '{"x":1}')], [piece(None, "b", "g", '{"y":2}')]],
        [[piece(1, "a", "f", '{"x":1}')], [piece(2, "b", "g", '{"y":2}')]],
        [[piece(0, "a", "f", {"x": 1}), piece(1, "b", "g", {"y": 2})]],
        [
            [piece(0, "a", "f", '{"x"'), piece(1, "b", "g", '{"y"')],
            [piece(0, None, None, ":1}")],
            [piece(1, "", None, ":2}")],
        ],
        [
            [piece(0, "a", None, None)],
            [piece(0, None, "f", '{"x":1}')],
            [piece(1, None, "g", "")],
            [piece(1, "b", None, '{"y":2}')],
        ],
        [
            [piece(0, "a", "f", '{"x"')],
            [piece(0, "other", None, ":1}")],
            [piece(0, "b", "g", '{"y":2}')],
        ],
    ],
)
def test_calls_are_told_apart_however_they_are_numbered(chunks: list[list[Any]]) -> None:
    said = [delta(tool_calls=calls) for calls in chunks]
    assert called(*said, delta(finish="tool_calls")) == TWO


def test_a_call_ends_with_the_stream_and_a_stub_is_none() -> None:
    stub = {"name": "", "arguments": ""}
    assert called(
        delta(tool_calls=[piece(0, "a", "f", '{"x"')], function_call=stub, finish="tool_calls"),
        delta(tool_calls=[piece(0, None, None, ":1}")], finish="tool_calls"),
        delta(function_call=stub, finish=""),
    ) == [TWO[0]]


def test_a_pass_through_renumbers_calls_of_one_index_and_nothing_else() -> None:
    first = delta(tool_calls=[piece(0, "a", "f", '{"x":1}')])
    second = delta(tool_calls=[piece(0, "b", "g", {"y": 2})])
    stream = CHAT.stream(chat_ask(stream=True))
    out = data_of(play(stream, sse(first, second, delta(finish="tool_calls"))))
    assert out[0] == first
    assert out[1]["choices"][0]["delta"]["tool_calls"] == [piece(1, "b", "g", '{"y":2}')]


def test_odd_leaves_do_not_cost_the_answer() -> None:
    odd = b'{"id": 7, "created": "x", "model": 3, "service_tier": [], "choices": [{"index": null,'
    odd += b'"logprobs": NaN, "delta": {"content": "a\\ud83d", "refusal": false}}]}'
    chunk = COMPLETION.decode(odd)
    assert chunk.id == "7"
    assert chunk.choices is not None
    said = chunk.choices[0].delta
    assert said is not None
    assert (said.text(), said.refusal) == ("a�", None)


@pytest.mark.parametrize("broken", [b"null", b"[]", b'{"choices": {}}', b'{"choices": [1]}', b"{"])
def test_what_is_no_answer_is_still_none(broken: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        COMPLETION.decode(broken)


OPEN_ERRORS: list[dict[str, Any]] = [
    {"object": "error", "message": "CUDA out of memory", "type": "InternalServerError"},
    {"code": 1302, "msg": "Rate limit reached", "success": False},
    {"code": "429", "message": "Rate limit reached"},
]


@pytest.mark.parametrize("said", OPEN_ERRORS)
@pytest.mark.parametrize("made", [CHAT, MESSAGES, RESPONSES])
@pytest.mark.parametrize("begun", [False, True])
def test_an_error_without_error_around_it(
    said: dict[str, Any], made: Translator, begun: bool
) -> None:
    """As vLLM and others write it into a stream, and behind a 200."""
    asks = ((CHAT, chat_ask), (MESSAGES, messages_ask), (RESPONSES, responses_ask))
    asked = next(ask(stream=True) for one, ask in asks if one is made)
    stream = made.stream(asked)
    out = play(stream, sse(*[delta("so far")] * begun, said))
    text: str = said.get("msg") or said["message"]
    assert stream.failure is not None
    assert stream.failure.moves_on
    assert text.encode() in stream.failure.body
    assert text.encode() not in out
    answer = made.answer(asked, js(said))
    assert answer.failure is not None
    assert text.encode() in answer.failure.body


@pytest.mark.parametrize("alive", [{}, {"message": "queued"}, {"code": 0, "msg": "ok"}])
def test_a_sign_of_life_is_no_error(alive: dict[str, Any]) -> None:
    for translator, asked in ((CHAT, chat_ask(stream=True)), (MESSAGES, messages_ask(stream=True))):
        stream = translator.stream(asked)
        play(stream, sse(alive, delta("fine"), delta("", finish="stop")))
        assert stream.failure is None


@pytest.mark.parametrize("whole", [False, True])
def test_bytes_that_are_no_utf8_never_leave(whole: bool) -> None:
    text = b"x" * 20
    if whole:
        body = js({**delta(), "choices": [{"message": {"content": "@"}, "finish_reason": "stop"}]})
        answer = CHAT.answer(chat_ask(), body.replace(b"@", b"\xff"))
        assert answer.failure is not None
        return
    chunks = sse(*[delta(text.decode())] * 4, done=False)
    stream = CHAT.stream(chat_ask(stream=True))
    out = stream.feed(chunks) + stream.feed(chunks + chunks.replace(text, b"\xff"))
    assert b"\xff" not in out
    assert stream.failure is not None
    assert out.count(text) == 8


def test_what_gemini_wants_back_travels_in_the_id() -> None:
    extra = {"google": {"thought_signature": "SIG/+=="}}
    (call,) = called(
        delta(tool_calls=[piece(0, "a", "f", "{}", extra_content=extra)]), delta(finish="stop")
    )
    assert opened_id(call[0]) == ("a", extra)
    turns = [
        {"role": "user", "content": "q"},
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": call[0], "name": "f", "input": {}}],
        },
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": call[0], "content": "r"}],
        },
    ]
    sent = msgspec.json.decode(MESSAGES.request(messages_ask(messages=turns), "m").body)
    assert sent["messages"][1]["tool_calls"][0]["extra_content"] == extra
    assert sent["messages"][1]["tool_calls"][0]["id"] == "a"
    assert sent["messages"][2]["tool_call_id"] == "a"


@given(st.text(), st.dictionaries(st.text(), st.text(), min_size=1))
def test_sealed_ids_open(call_id: str, extra: dict[str, str]) -> None:
    assert opened_id(sealed_id(call_id, extra)) == (call_id, extra)


@given(st.text())
def test_other_ids_stay(call_id: str) -> None:
    assert opened_id(call_id) == (call_id, None)
    assert details_in(call_id) == []


def test_reasoning_details_are_shown_and_come_back() -> None:
    parts = [
        {"type": "reasoning.text", "text": "h", "index": 0},
        {"type": "reasoning.text", "text": "m", "signature": "S", "index": 0},
    ]
    chunks = [delta(reasoning_details=[part]) for part in parts]
    stream = MESSAGES.stream(messages_ask(stream=True))
    out = data_of(play(stream, sse(*chunks, delta("So"), delta(finish="stop"))))
    deltas = [event["delta"] for event in out if event["type"] == "content_block_delta"]
    assert [d.get("thinking") for d in deltas[:2]] == ["h", "m"]
    merged = [{"type": "reasoning.text", "text": "hm", "signature": "S", "index": 0}]
    assert details_in(deltas[2]["signature"]) == merged
    assert is_unsigned({"signature": mark(merged)})
    turn = [{"type": "thinking", "thinking": "hm", "signature": deltas[2]["signature"]}]
    asked = messages_ask(
        messages=[{"role": "assistant", "content": turn}, {"role": "user", "content": "q"}]
    )
    sent = msgspec.json.decode(MESSAGES.request(asked, "m").body)
    assert sent["messages"][0]["reasoning_details"] == merged


def test_usage_is_clamped_and_a_later_zero_says_nothing() -> None:
    for value in (-1, None, "x", True, float("nan"), float("inf"), []):
        assert clamped(value) == 0
    assert (clamped(2**40), clamped("8"), clamped(21.0)) == (MOST, 8, 21)
    told = of_openai({"prompt_tokens": 5, "completion_tokens": 1})
    later = of_openai({"prompt_tokens": 0, "completion_tokens": 9})
    assert of_both(told, later) == Usage(5, 9)


def test_message_start_tells_the_prompts_tokens() -> None:
    for more, least in (({}, 1), ({"usage": {"prompt_tokens": 21}}, 21)):
        stream = MESSAGES.stream(messages_ask(stream=True))
        out = data_of(stream.feed(sse({**delta("x"), **more}, done=False)))
        assert out[0]["message"]["usage"]["input_tokens"] >= least


def test_thoughts_keep_their_place() -> None:
    thoughts = [placed({"t": 0}, 0, 0), placed({"t": 1}, 2, 0), placed({"t": 2}, 2, 1)]
    assert interleaved(thoughts, "abcd", ["c", "d"]) == [
        ("thinking", {"t": 0}),
        ("text", "ab"),
        ("thinking", {"t": 1}),
        ("call", "c"),
        ("thinking", {"t": 2}),
        ("text", "cd"),
        ("call", "d"),
    ]


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
odd = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
calls = st.fixed_dictionaries(
    {}, optional={"index": odd, "id": odd, "function": odd, "extra_content": odd, "type": odd}
)
deltas = st.fixed_dictionaries(
    {},
    optional={
        "content": odd,
        "tool_calls": st.lists(calls | odd) | odd,
        "function_call": odd,
        "reasoning_details": odd,
        "thinking_blocks": odd,
        "reasoning": odd,
    },
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(deltas | odd, odd), max_size=4))
def test_nothing_raises(said: list[tuple[Any, Any]]) -> None:
    chunks = [{"choices": [{"delta": one, "finish_reason": end}]} for one, end in said]
    body = b"".join(b"data: " + msgspec.json.encode(chunk) + b"\n\n" for chunk in chunks)
    for translator, asked in (
        (CHAT, chat_ask()),
        (MESSAGES, messages_ask()),
        (RESPONSES, responses_ask()),
    ):
        stream = translator.stream(asked)
        play(stream, body)
        assert stream.finished or stream.failure is not None
        translator.answer(asked, body)
        for one, end in said:
            whole = {"choices": [{"message": one, "finish_reason": end}]}
            translator.answer(asked, msgspec.json.encode(whole))


@given(st.lists(st.tuples(st.none() | st.integers(0, 2), st.sampled_from(["", "a", "b"]))))
def test_numbers_of_calls_have_no_gaps(pieces: list[tuple[int | None, str]]) -> None:
    known = CallPieces()
    numbers = [known.place(index, call_id, "", "").number for index, call_id in pieces]
    assert set(numbers) == set(range(len(known.calls)))


def test_json_of_lax_servers() -> None:
    assert loads(b'{"a": NaN, "b": "\\udc00\\ud83d\\ude00"}') == {"a": None, "b": "�😀"}
