"""A kept request becomes the playground's form, from which the very same request is sent again."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from gateway.console.playground.filling import FilledForm, NotFillable, filled
from governance.interactions.record import InteractionRecord

PICTURE = "data:image/png;base64,aGk="
FUNCTION = {"name": "look", "description": "Looks.", "parameters": {"type": "object"}}


def form_of(kind: str, body: dict[str, Any], **more: Any) -> FilledForm:
    record = InteractionRecord(
        id="r", time="2030-01-31T12:00:00.000Z", protocol="x", request_type=kind, outcome="ok"
    )
    record = msgspec.structs.replace(record, requested_model=body.get("model", ""), **more)
    return filled(record, msgspec.json.encode(body))


def sent_again(form: FilledForm) -> dict[str, Any]:
    """What the script of the page makes of a form, in the same protocol."""
    body: dict[str, Any] = {}
    messages = [one for turn in form.turns for one in turn.raw[form.endpoint]]
    if form.system and form.endpoint == "chat":
        messages.insert(0, {"role": "system", "content": form.system})
    elif form.system:
        body["system"] = form.system
    numbers = {"temperature": form.temperature, "max_tokens": form.max_tokens}
    body |= {name: value for name, value in numbers.items() if value is not None}
    named = {"model": form.model, "routing_profile": form.profile, "tools": form.tools}
    body |= {name: value for name, value in named.items() if value}
    if form.stream:
        body["stream"] = True
    return {**body, "messages": messages, **form.extra}


CHAT: dict[str, Any] = {
    "model": "light/x",
    "routing_profile": "Light",
    "temperature": 0.15,
    "max_tokens": 64,
    "top_p": 0.9,
    "tools": [{"type": "function", "function": FUNCTION}],
    "messages": [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "name": "ann",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": PICTURE, "detail": "low"}},
                {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "look", "arguments": '{"at": 1}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "a hen"},
        {"role": "developer", "content": "Go on."},
    ],
}
MESSAGES: dict[str, Any] = {
    "model": "light/x",
    "max_tokens": 64,
    "system": "Be brief.",
    "temperature": 1,
    "tools": [{"name": "look", "input_schema": {"type": "object"}}],
    "thinking": {"type": "adaptive"},
    "messages": [
        {"role": "user", "content": "Look."},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "sealed"},
                {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"at": 1}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_1",
                    "content": [{"type": "text", "text": "a hen"}],
                    "cache_control": {"type": "ephemeral"},
                },
                {"type": "text", "text": "So?"},
            ],
        },
    ],
}


def test_it_works() -> None:
    form = form_of("chat", CHAT)
    assert sent_again(form) == CHAT
    assert (form.model, form.profile, form.system) == ("light/x", "Light", "Be brief.")
    assert (form.temperature, form.max_tokens, form.extra) == (0.15, 64, {"top_p": 0.9})
    assert [turn.role for turn in form.turns] == ["user", "assistant", "tool", "system"]
    user, assistant, tool, system = form.turns
    assert user.text == "What is this?\n[image https://example.org/a.png]"
    assert [one["url"] for one in user.images] == [PICTURE], "nothing is fetched from elsewhere"
    assert assistant.calls == [{"id": "call_1", "name": "look", "arguments": '{"at": 1}'}]
    assert tool.results == [{"id": "call_1", "name": "call_1", "text": "a hen"}]
    assert system.text == "Go on."


def test_messages() -> None:
    form = form_of("messages", MESSAGES)
    assert sent_again(form) == MESSAGES
    assert [turn.role for turn in form.turns] == ["user", "assistant", "tool", "user"]
    assert form.turns[1].reasoning == "Hm."
    assert form.turns[2].results == [{"id": "toolu_1", "name": "toolu_1", "text": "a hen"}]
    assert form.turns[3].text == "So?"


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        ("chat", {"tools": [{"type": "function", "function": {**FUNCTION, "strict": True}}]}),
        ("chat", {"tools": [{"type": "custom", "custom": {"name": "c"}}]}),
        ("chat", {"temperature": "warm", "max_tokens": 0}),
        ("chat", {"messages": [{"role": "system", "content": " padded "}]}),
        ("chat", {"messages": [{"role": "system", "content": [{"type": "text", "text": "a"}]}]}),
        ("chat", {"messages": ["no message", {"role": "user", "content": [1, {"type": "new"}]}]}),
        ("chat", {"stream": True, "stream_options": {"include_usage": False}}),
        ("messages", {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
        ("messages", {"system": [{"type": "text", "text": "a", "cache_control": {}}]}),
        ("messages", {"max_tokens": 0, "messages": [{"role": "user", "content": []}]}),
    ],
)
def test_what_no_field_holds_is_sent_as_it_stood(kind: str, changed: dict[str, Any]) -> None:
    body = {**(CHAT if kind == "chat" else MESSAGES), **changed}
    assert sent_again(form_of(kind, body)) == body


def test_responses_are_said_as_chat() -> None:
    body = {"model": "light/x", "instructions": "Be brief.", "input": "Hi", "truncation": "auto"}
    form = form_of("responses", body)
    assert (form.endpoint, form.model, form.system) == ("chat", "light/x", "Be brief.")
    assert [(turn.role, turn.text) for turn in form.turns] == [("user", "Hi")]
    assert "truncation" in form.left_out


def test_what_is_no_conversation_cannot_be_filled_in() -> None:
    with pytest.raises(NotFillable):
        form_of("embeddings", {"model": "m", "input": "hi"})
    with pytest.raises(NotFillable):
        form_of("", {"model": "m"})
