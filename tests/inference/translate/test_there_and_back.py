"""Translating there and back is the identity on what both protocols can say."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from inference.translate.chat.caller import ChatCaller
from inference.translate.chat.upstream import ChatUpstream
from inference.translate.messages.caller.caller import MessagesCaller
from inference.translate.messages.upstream.upstream import MessagesUpstream
from inference.translate.messages.whole import message_of
from inference.translate.via import Composed
from tests.inference.translate.support import (
    chat_ask,
    data_of,
    dropped,
    js,
    messages_ask,
    messages_to_openai,
    named,
    play,
)

there = Composed(ChatCaller(), MessagesUpstream())
back = Composed(MessagesCaller(), ChatUpstream())
words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8).filter(str.strip)
ids = st.from_regex(r"[a-zA-Z0-9_-]{1,12}", fullmatch=True)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | words,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
    max_leaves=4,
)
objects = st.dictionaries(words, values, max_size=3)


def maybe(**strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Some of these fields."""
    return st.fixed_dictionaries({}, optional=strategies)


text_parts = st.builds(lambda text: {"type": "text", "text": text}, words)
urls = st.sampled_from(["https://x/y.png", "data:image/webp;base64,AAAA"])
image_parts = st.builds(lambda url: {"type": "image_url", "image_url": {"url": url}}, urls)
contents = words | st.builds(
    lambda image, parts: [*parts, image],
    image_parts,
    st.lists(text_parts | image_parts, max_size=2),
)
users = st.builds(lambda content: {"role": "user", "content": content}, contents)
calls = st.builds(
    lambda call_id, name, arguments: {
        "id": call_id,
        "type": "function",
        "function": {"name": name, "arguments": js(arguments).decode()},
    },
    ids,
    st.sampled_from(["f", "g"]),
    objects,
)


@st.composite
def rounds(draw: st.DrawFn) -> list[dict[str, Any]]:
    """What the user says, what the model answers, and the results of the tools it calls."""
    user = draw(users)
    called = draw(st.lists(calls, max_size=3))
    said = draw(st.none() | words) if called else draw(words)
    answer: dict[str, Any] = {"role": "assistant", "content": said}
    if called:
        answer["tool_calls"] = called
    results = [
        {"role": "tool", "tool_call_id": call["id"], "content": draw(words)} for call in called
    ]
    return [user, answer, *results]


tools = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": "d",
            "parameters": {"type": "object", "properties": {}},
        },
    }
    for name in "fg"
]
closed = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
json_schema = {"name": "answer", "schema": closed, "strict": True}
choices: list[Any] = ["auto", "required", "none", {"type": "function", "function": {"name": "f"}}]


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """Chat requests that Anthropic's protocol can express in full."""
    system = draw(st.none() | words)
    messages = [{"role": "system", "content": system}] if system is not None else []
    for turns in draw(st.lists(rounds(), max_size=3)):
        messages += turns
    messages.append(draw(users))
    fields = draw(
        maybe(
            temperature=st.floats(0, 1),
            top_p=st.floats(0, 1),
            stop=st.lists(words, min_size=1, max_size=3),
            user=words,
            service_tier=st.sampled_from(["auto", "default"]),
            response_format=st.just({"type": "json_schema", "json_schema": json_schema}),
        )
    )
    fields |= {"messages": messages, "tools": tools, "max_tokens": draw(st.integers(1, 9999))}
    choice = draw(st.sampled_from(choices))
    fields["tool_choice"] = choice
    if choice != "none" and draw(st.booleans()):
        fields["parallel_tool_calls"] = draw(st.booleans())
    return fields


@given(requests())
def test_requests(chat: dict[str, Any]) -> None:
    """Both ways, and nothing is dropped on either."""
    outbound = there.request(chat_ask(**chat), "claude-x")
    assert outbound.dropped == ()
    anthropic = msgspec.json.decode(outbound.body)
    del anthropic["model"]
    assert dropped(("messages", "openai"), messages_ask(**anthropic)) == ()
    again = messages_to_openai("gpt-4.1", **anthropic)
    assert again == {**chat, "model": "gpt-4.1"}
    del again["model"]
    third = msgspec.json.decode(there.request(chat_ask(**again), "claude-x").body)
    assert third == {**anthropic, "model": "claude-x"}


thoughts = st.builds(
    lambda thinking, signature: {
        "type": "thinking",
        "thinking": thinking,
        "signature": signature,
    },
    words,
    ids,
) | st.builds(lambda data: {"type": "redacted_thinking", "data": data}, ids)
uses = st.builds(
    lambda call_id, given: {"type": "tool_use", "id": call_id, "name": "f", "input": given},
    ids,
    objects,
)


@st.composite
def answers(draw: st.DrawFn) -> dict[str, Any]:
    """Whole messages of Anthropic's protocol, in the order its models produce them."""
    content: list[Any] = draw(st.lists(thoughts, max_size=2))
    if draw(st.booleans()):
        content.append({"type": "text", "text": draw(words)})
    called = draw(st.lists(uses, max_size=2))
    stop = "tool_use" if called else draw(st.sampled_from(["end_turn", "max_tokens", "refusal"]))
    sequence = None
    if not called and draw(st.booleans()):
        stop, sequence = "stop_sequence", "END"
    counts = st.integers(0, 10**6)
    return {
        "id": draw(ids),
        "type": "message",
        "role": "assistant",
        "model": "claude-real",
        "content": content + called,
        "stop_reason": stop,
        "stop_sequence": sequence,
        "usage": {
            "input_tokens": draw(st.integers(1, 10**6)),
            "output_tokens": draw(counts),
            "cache_read_input_tokens": draw(counts),
            "cache_creation_input_tokens": draw(counts),
            "output_tokens_details": {"thinking_tokens": draw(st.integers(1, 9))},
            "service_tier": draw(st.sampled_from(["standard", "priority"])),
        },
    }


@given(answers())
def test_whole_answers(message: dict[str, Any]) -> None:
    """From Anthropic's form to OpenAI's and back: thinking and its signatures too."""
    completion = there.answer(chat_ask(), js(message))
    again = back.answer(messages_ask(stop_sequences=["END"]), completion.body)
    assert msgspec.json.decode(again.body) == message
    assert again.usage == completion.usage


@given(answers())
def test_streams(message: dict[str, Any]) -> None:
    """A message unrolled into events, turned into chunks, and into events again."""
    del message["usage"]["service_tier"]
    relay = there.stream(chat_ask(stream=True, stream_options={"include_usage": True}))
    chunks = play(relay, js(message))
    again = back.stream(messages_ask(stream=True, stop_sequences=["END"]))
    events = data_of(play(again, chunks))
    assert message_of(events) == message
    assert again.usage == relay.usage
    assert named(*events)
