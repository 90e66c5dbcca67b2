"""The messages Anthropic gets when a caller speaks OpenAI's protocol."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from inference.endpoints.registry import translator_for
from inference.translate.base import Inexpressible
from tests.inference.translate.support import TURN, call, chat_ask, chat_to_anthropic, dropped

PAIR = ("chat", "anthropic")
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Tells the weather.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
PDF = base64.b64encode(b"%PDF-1.7 ...").decode()
PIXEL = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
CACHE = {"type": "ephemeral"}


def turns(*messages: Any, **fields: Any) -> Any:
    return chat_to_anthropic(messages=messages, **fields)["messages"]


def refused(**fields: Any) -> str:
    """The field that a request of these fields is refused for."""
    with pytest.raises(Inexpressible) as caught:
        chat_to_anthropic(**fields)
    assert caught.value.message
    return caught.value.field


class TestSystem:
    def test_one_text_stays_a_text(self) -> None:
        body = chat_to_anthropic(messages=[{"role": "system", "content": "Be kind."}, TURN])
        assert body["system"] == "Be kind."
        assert body["messages"] == [TURN]

    def test_several_system_messages_wherever_they_stand(self) -> None:
        body = chat_to_anthropic(
            messages=[
                {"role": "system", "content": "One."},
                {"role": "developer", "content": [{"type": "text", "text": "Two."}]},
                TURN,
                {"role": "assistant", "content": "Hi"},
                {"role": "system", "content": "Three."},
                TURN,
            ]
        )
        assert [block["text"] for block in body["system"]] == ["One.", "Two.", "Three."]
        assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user"]

    def test_a_picture_in_it_is_refused(self) -> None:
        messages = [{"role": "system", "content": [PIXEL]}, TURN]
        assert refused(messages=messages) == "messages[0].content"


class TestContent:
    def test_images_by_url_and_base64_in_order_with_text(self) -> None:
        by_url = {"type": "image_url", "image_url": {"url": "https://x/y.png"}}
        text = {"type": "text", "text": "Look"}
        [turn] = turns({"role": "user", "content": [text, by_url, PIXEL]})
        assert turn["content"] == [
            text,
            {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}},
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"},
            },
        ]

    def test_the_level_of_detail_is_a_hint(self) -> None:
        image = {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}}
        inbound = chat_ask(messages=[{"role": "user", "content": [image]}])
        assert dropped(PAIR, inbound) == ("image_url.detail",)

    @pytest.mark.parametrize("prefix", ["data:application/pdf;base64,", ""])
    def test_a_pdf(self, prefix: str) -> None:
        part = {"type": "file", "file": {"filename": "a.pdf", "file_data": prefix + PDF}}
        [turn] = turns({"role": "user", "content": [part]})
        source = {"type": "base64", "media_type": "application/pdf", "data": PDF}
        assert turn["content"] == [{"type": "document", "source": source, "title": "a.pdf"}]

    def test_a_text_file(self) -> None:
        data = base64.b64encode("H\u00e9".encode()).decode()
        part = {"type": "file", "file": {"file_data": f"data:text/csv;charset=utf-8;base64,{data}"}}
        [turn] = turns({"role": "user", "content": [part]})
        source = {"type": "text", "media_type": "text/plain", "data": "H\u00e9"}
        assert turn["content"] == [{"type": "document", "source": source}]

    @pytest.mark.parametrize(
        ("part", "field"),
        [
            ({"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}, ""),
            ({"type": "file", "file": {"file_id": "file-1"}}, ".file.file_id"),
            (
                {"type": "file", "file": {"file_data": "data:video/mp4;base64,AA"}},
                ".file.file_data",
            ),
            ({"type": "image_url", "image_url": {"url": "ftp://x/y"}}, ".image_url"),
            ({"type": "image_url"}, ".image_url"),
            ({"type": "new_thing"}, ""),
        ],
    )
    def test_what_cannot_be_shown_is_refused(self, part: dict[str, Any], field: str) -> None:
        messages = [{"role": "user", "content": [{"type": "text", "text": "x"}, part]}]
        assert refused(messages=messages) == f"messages[0].content[1]{field}"

    def test_a_cache_breakpoint_stays(self) -> None:
        """In Anthropic's own words, or in OpenAI's newer ones."""
        cached = {"type": "text", "text": "a", "cache_control": CACHE}
        theirs = {"type": "text", "text": "b", "prompt_cache_breakpoint": {"mode": "explicit"}}
        body = chat_to_anthropic(
            messages=[
                {"role": "system", "content": [cached]},
                {"role": "user", "content": [theirs]},
                {"role": "assistant", "content": "c", "cache_control": CACHE},
            ],
            tools=[{**TOOL, "cache_control": CACHE}],
        )
        assert body["system"] == [cached]
        assert body["messages"][0]["content"][0]["cache_control"]["type"] == "ephemeral"
        assert body["messages"][1]["content"][0]["cache_control"] == CACHE
        assert body["tools"][0]["cache_control"] == CACHE

    def test_empty_texts_go(self) -> None:
        """Anthropic refuses them; OpenAI's clients send them beside tool calls."""
        messages = [
            {"role": "user", "content": [{"type": "text", "text": ""}, PIXEL]},
            {"role": "assistant", "content": ""},
            {"role": "assistant", "content": "", "tool_calls": [call("f", "{}")]},
        ]
        first, second = turns(*messages)
        assert [block["type"] for block in first["content"]] == ["image"]
        assert [block["type"] for block in second["content"]] == ["tool_use"]

    def test_a_name_is_a_hint(self) -> None:
        assert dropped(PAIR, chat_ask(messages=[{**TURN, "name": "Ann"}])) == ("messages.name",)


class TestHistory:
    def test_text_beside_parallel_tool_calls_in_order(self) -> None:
        said = {
            "role": "assistant",
            "content": "Let me look.",
            "tool_calls": [call("f", '{"a": 1.0}'), call("g", "", "call_2")],
        }
        [turn] = turns(said)
        assert turn == {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "Let me look."},
                {"type": "tool_use", "id": "call_1", "name": "f", "input": {"a": 1.0}},
                {"type": "tool_use", "id": "call_2", "name": "g", "input": {}},
            ],
        }

    def test_results_and_what_the_user_adds_are_one_turn(self) -> None:
        """Anthropic wants every result of a turn in the next one, before any text."""
        messages = [
            {"role": "tool", "tool_call_id": "a", "content": "1"},
            {"role": "tool", "tool_call_id": "b", "content": "2", "is_error": True},
            {"role": "user", "content": "And now?"},
        ]
        [turn] = turns(*messages)
        assert turn["content"] == [
            {"type": "tool_result", "tool_use_id": "a", "content": "1"},
            {"type": "tool_result", "tool_use_id": "b", "content": "2", "is_error": True},
            {"type": "text", "text": "And now?"},
        ]

    def test_a_result_with_an_image(self) -> None:
        content = [{"type": "text", "text": "See"}, PIXEL]
        [turn] = turns({"role": "tool", "tool_call_id": "a", "content": content})
        assert [block["type"] for block in turn["content"][0]["content"]] == ["text", "image"]

    def test_ids_stay_unless_anthropic_refuses_them(self) -> None:
        said = {"role": "assistant", "tool_calls": [call("f", "{}", "functions.f:0")]}
        result = {"role": "tool", "tool_call_id": "functions.f:0", "content": "x"}
        first, second = turns(said, result)
        assert first["content"][0]["id"] == "functions_f_0"
        assert second["content"][0]["tool_use_id"] == "functions_f_0"

    def test_arguments_that_are_no_object_are_kept(self) -> None:
        """A model wrote them; the conversation goes on."""
        calls = [call("f", '{"a": '), call("f", "[1]", "c2")]
        [turn] = turns({"role": "assistant", "tool_calls": calls})
        assert [block["input"] for block in turn["content"]] == [
            {"arguments": '{"a": '},
            {"arguments": "[1]"},
        ]

    def test_arguments_stay_as_they_were_written(self) -> None:
        big = '{"n": 123456789012345678901234567890, "x": 1.50}'
        messages = [{"role": "assistant", "tool_calls": [call("f", big)]}]
        body = translator_for(*PAIR).request(chat_ask(messages=messages), "m").body
        assert big.encode() in body

    def test_thinking_goes_back_with_its_signature(self) -> None:
        thought = {"type": "thinking", "thinking": "Hm", "signature": "SIG"}
        hidden = {"type": "redacted_thinking", "data": "XX"}
        said = {
            "role": "assistant",
            "content": "Hi",
            "reasoning_content": "Hm",
            "thinking_blocks": [{"index": 0, **thought}, {"index": 1, **hidden}],
        }
        [turn] = turns(said)
        assert turn["content"] == [thought, hidden, {"type": "text", "text": "Hi"}]

    def test_reasoning_nobody_signed_is_dropped(self) -> None:
        """Anthropic takes back nothing else."""
        said: dict[str, Any] = {"role": "assistant", "content": "Hi", "reasoning_content": "Hm"}
        assert dropped(PAIR, chat_ask(messages=[said])) == ("messages.reasoning_content",)
        unsigned = {"type": "thinking", "thinking": "Hm"}
        said = {"role": "assistant", "content": "Hi", "thinking_blocks": [unsigned]}
        assert dropped(PAIR, chat_ask(messages=[said])) == ("messages.thinking_blocks",)

    def test_a_refusal_was_said(self) -> None:
        [turn] = turns({"role": "assistant", "content": None, "refusal": "I cannot."})
        assert turn["content"] == [{"type": "text", "text": "I cannot."}]

    def test_tools_of_past_calls_are_declared(self) -> None:
        """Anthropic wants that; none of them may be called again."""
        body = chat_to_anthropic(
            messages=[
                {"role": "assistant", "tool_calls": [call("f", "{}")]},
                {"role": "tool", "tool_call_id": "call_1", "content": "x"},
            ]
        )
        assert [tool["name"] for tool in body["tools"]] == ["f"]
        assert body["tool_choice"] == {"type": "none"}

    @pytest.mark.parametrize(
        ("said", "field"),
        [
            ({"role": "function", "name": "f", "content": "x"}, "messages[0].role"),
            (
                {"role": "assistant", "function_call": {"name": "f", "arguments": ""}},
                "messages[0].function_call",
            ),
            ({"role": "assistant", "audio": {"id": "a"}}, "messages[0].audio"),
            ({"role": "tool", "content": "x"}, "messages[0].tool_call_id"),
            (
                {"role": "assistant", "tool_calls": [{"id": "a", "type": "custom", "custom": {}}]},
                "messages[0].tool_calls[0]",
            ),
            (
                {"role": "assistant", "tool_calls": [{"id": 3, "function": {}}]},
                "messages[0].tool_calls[0].id",
            ),
        ],
    )
    def test_what_has_no_counterpart_is_refused(self, said: dict[str, Any], field: str) -> None:
        assert refused(messages=[said]) == field
