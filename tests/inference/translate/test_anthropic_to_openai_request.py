"""What an OpenAI-speaking upstream is asked when a caller speaks Anthropic's protocol."""

from __future__ import annotations

from typing import Any

import pytest

from inference.endpoints.registry import translator_for
from inference.translate.base import Inexpressible
from inference.translate.signature import UNSIGNED
from tests.inference.translate.support import TURN, call, dropped, messages_ask, messages_to_openai

PAIR = ("messages", "openai")
TEXT = {"type": "text", "text": "Look"}
PIXEL = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
SHOWN = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
CACHE = {"type": "ephemeral"}
TOOL = {
    "name": "weather",
    "description": "Tells the weather.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}


def said(*turns: Any, **fields: Any) -> Any:
    return messages_to_openai(messages=turns, **fields)["messages"]


def user(*blocks: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


def assistant(*blocks: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


def refused(**fields: Any) -> str:
    """The field that a request of these fields is refused for."""
    with pytest.raises(Inexpressible) as caught:
        messages_to_openai(**fields)
    assert caught.value.message
    return caught.value.field


def test_it_works() -> None:
    outbound = translator_for(*PAIR).request(messages_ask(stream=True), "org/real")
    assert outbound.path == "/chat/completions"
    assert outbound.dropped == ()
    assert outbound.body == (
        b'{"model":"org/real","messages":[{"role":"user","content":"Hello"}],"max_tokens":100,'
        b'"stream":true,"stream_options":{"include_usage":true}}'
    )


class TestSystem:
    def test_as_text(self) -> None:
        assert said(TURN, system="Be kind.")[0] == {"role": "system", "content": "Be kind."}

    def test_as_blocks(self) -> None:
        """One message: many templates take no more than one, and a string."""
        one, two = {"type": "text", "text": "One."}, {"type": "text", "text": "Two."}
        assert said(TURN, system=[one, two])[0] == {"role": "system", "content": "One.\n\nTwo."}

    def test_among_the_messages(self) -> None:
        found = said(TURN, {"role": "system", "content": "Now."}, TURN)
        assert [m["role"] for m in found] == ["user", "system", "user"]

    def test_a_picture_in_it_is_refused(self) -> None:
        assert refused(system=[PIXEL]) == "system[0]"


class TestContent:
    def test_images_by_url_and_base64_in_order_with_text(self) -> None:
        by_url = {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}}
        [message] = said(user(TEXT, by_url, PIXEL))
        shown = {"type": "image_url", "image_url": {"url": "https://x/y.png"}}
        assert message["content"] == [TEXT, shown, SHOWN]

    def test_a_pdf(self) -> None:
        source = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0x"}
        document = {"type": "document", "source": source, "title": "a.pdf", "context": "From Ann"}
        [message] = said(user(document))
        file = {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0x"}
        assert message["content"] == [
            {"type": "text", "text": "About a.pdf: From Ann"},
            {"type": "file", "file": file},
        ]

    def test_documents_of_text(self) -> None:
        plain = {"type": "text", "media_type": "text/plain", "data": "The text."}
        [message] = said(user({"type": "document", "source": plain, "title": "T", "context": "C"}))
        assert message["content"] == "T\nC\nThe text."
        inner = {"type": "content", "content": [TEXT, PIXEL]}
        [message] = said(user({"type": "document", "source": inner, "title": "T"}))
        assert message["content"] == [{"type": "text", "text": "T"}, TEXT, SHOWN]
        [message] = said(user({"type": "document", "source": {"type": "content", "content": "x"}}))
        assert message["content"] == "x"

    def test_a_search_result(self) -> None:
        found = {"type": "search_result", "source": "https://x", "title": "T", "content": [TEXT]}
        [message] = said(user(found))
        assert message["content"] == "Search result T (https://x)\nLook"

    @pytest.mark.parametrize(
        ("block", "field"),
        [
            ({"type": "image", "source": {"type": "file", "file_id": "f"}}, ".source"),
            ({"type": "document", "source": {"type": "file", "file_id": "f"}}, ".source"),
            ({"type": "image"}, ".source"),
            ({"type": "image", "source": {"type": "base64", "data": "x"}}, ".source.media_type"),
            ({"type": "container_upload", "file_id": "f"}, ""),
            ({"type": "tool_result"}, ".tool_use_id"),
        ],
    )
    def test_what_cannot_be_shown_is_refused(self, block: Any, field: str) -> None:
        assert refused(messages=[user(TEXT, block)]) == f"messages[0].content[1]{field}"

    def test_a_document_by_its_address_is_refused(self) -> None:
        """It is known to Anthropic alone, so another target may be asked."""
        block = {"type": "document", "source": {"type": "url", "url": "https://x"}}
        assert refused(messages=[user(TEXT, block)]) == "messages[0].content"

    def test_cache_breakpoints_and_citations_are_hints(self) -> None:
        cached = {**TEXT, "cache_control": CACHE}
        for fields in (
            {"system": [cached]},
            {"messages": [user(cached)]},
            {"tools": [{**TOOL, "cache_control": CACHE}]},
            {"cache_control": CACHE},
        ):
            assert dropped(PAIR, messages_ask(**fields)) == ("cache_control",)
        source = {"type": "text", "media_type": "text/plain", "data": "x"}
        document = {"type": "document", "source": source, "citations": {"enabled": True}}
        assert dropped(PAIR, messages_ask(messages=[user(document)])) == ("citations",)


class TestHistory:
    def test_text_beside_parallel_tool_use_in_order(self) -> None:
        uses = [
            {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1.0}},
            {"type": "tool_use", "id": "toolu_2", "name": "g", "input": {}},
        ]
        assert said(assistant(TEXT, *uses)) == [
            {
                "role": "assistant",
                "content": "Look",
                "tool_calls": [call("f", '{"a":1.0}', "toolu_1"), call("g", "{}", "toolu_2")],
            }
        ]

    def test_calls_alone_and_several_texts(self) -> None:
        use = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}
        [message] = said(assistant(use))
        assert message["content"] is None
        [message] = said(assistant(TEXT, use, TEXT))
        assert message["content"] == "LookLook"

    def test_results_come_before_what_the_user_adds(self) -> None:
        results = [
            {"type": "tool_result", "tool_use_id": "a", "content": "1"},
            {"type": "tool_result", "tool_use_id": "b", "content": [TEXT, TEXT]},
            {"type": "tool_result", "tool_use_id": "c"},
        ]
        assert said(user(*results, TEXT)) == [
            {"role": "tool", "tool_call_id": "a", "content": "1"},
            {"role": "tool", "tool_call_id": "b", "content": "Look\nLook"},
            {"role": "tool", "tool_call_id": "c", "content": ""},
            {"role": "user", "content": "Look"},
        ]

    def test_a_result_with_an_image(self) -> None:
        """A tool's message holds text alone: the image follows as the user's."""
        result = {"type": "tool_result", "tool_use_id": "a", "content": [TEXT, PIXEL]}
        other = {"type": "tool_result", "tool_use_id": "b", "content": "2"}
        assert said(user(result, other)) == [
            {"role": "tool", "tool_call_id": "a", "content": "Look"},
            {"role": "tool", "tool_call_id": "b", "content": "2"},
            {
                "role": "user",
                "content": [{"type": "text", "text": "Returned by the tool call a:"}, SHOWN],
            },
        ]

    def test_a_failed_result_says_so(self) -> None:
        result = {"type": "tool_result", "tool_use_id": "a", "content": "boom", "is_error": True}
        assert said(user(result))[0]["content"] == "Error: boom"

    def test_thinking_signed_by_anthropic_is_dropped(self) -> None:
        """It means nothing to another model, and many servers refuse what they do not know."""
        thought = {"type": "thinking", "thinking": "Hm", "signature": "SIG"}
        hidden = {"type": "redacted_thinking", "data": "XX"}
        turn = assistant(thought, hidden, TEXT)
        assert said(turn) == [{"role": "assistant", "content": "Look"}]
        assert dropped(PAIR, messages_ask(messages=[turn])) == ("messages.thinking",)

    def test_reasoning_of_such_a_model_goes_back_to_it(self) -> None:
        thought = {"type": "thinking", "thinking": "Hm", "signature": UNSIGNED}
        turn = assistant(thought, TEXT)
        assert said(turn) == [{"role": "assistant", "content": "Look", "reasoning_content": "Hm"}]
        assert dropped(PAIR, messages_ask(messages=[turn])) == ()

    def test_what_anthropics_servers_did_is_told_in_words(self) -> None:
        use = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "q"}}
        page = {"type": "web_search_result", "url": "https://x", "title": "T"}
        found = {"type": "web_search_tool_result", "tool_use_id": "s", "content": [page]}
        error = {"type": "web_search_tool_result_error", "error_code": "unavailable"}
        failed = {"type": "web_search_tool_result", "tool_use_id": "s", "content": error}
        [message] = said(assistant(use, found, failed, TEXT))
        assert message["content"] == (
            '[Called web_search with {"query":"q"}][Result of web_search]\nT https://x'
            "[Result of web_search]\nunavailableLook"
        )
        sealed = {**found, "content": [{**page, "encrypted_content": "E"}]}
        assert dropped(PAIR, messages_ask(messages=[assistant(use, sealed)])) == (
            "messages.content.content.encrypted_content",
        )

    def test_a_reference_to_a_tool(self) -> None:
        reference = {"type": "tool_reference", "tool_name": "look"}
        result = {"type": "tool_result", "tool_use_id": "a", "content": [reference]}
        [message] = said(user(result))
        assert message["content"] == "The tool look can be called."


class TestTools:
    @pytest.mark.parametrize("kind", [{}, {"type": "custom"}])
    def test_a_tool(self, kind: Any) -> None:
        body = messages_to_openai(tools=[{**TOOL, **kind, "strict": True}])
        function = {
            "name": "weather",
            "description": "Tells the weather.",
            "parameters": TOOL["input_schema"],
            "strict": True,
        }
        assert body["tools"] == [{"type": "function", "function": function}]

    @pytest.mark.parametrize(
        ("choice", "expected"),
        [
            ({"type": "auto"}, "auto"),
            ({"type": "none"}, "none"),
            ({"type": "any"}, "required"),
            (
                {"type": "tool", "name": "weather"},
                {"type": "function", "function": {"name": "weather"}},
            ),
        ],
    )
    def test_the_four_forms_of_a_choice(self, choice: Any, expected: Any) -> None:
        body = messages_to_openai(tools=[TOOL], tool_choice=choice)
        assert body["tool_choice"] == expected
        assert "parallel_tool_calls" not in body

    @pytest.mark.parametrize("disabled", [True, False])
    def test_parallel_use(self, disabled: bool) -> None:
        choice = {"type": "auto", "disable_parallel_tool_use": disabled}
        body = messages_to_openai(tools=[TOOL], tool_choice=choice)
        assert body["parallel_tool_calls"] is not disabled

    def test_anthropics_own_tools_are_refused(self) -> None:
        search = {"type": "web_search_20250305", "name": "web_search"}
        assert refused(tools=[TOOL, search]) == "tools[1]"

    def test_wishes_about_tools_are_hints(self) -> None:
        tool = {**TOOL, "input_examples": [{}], "defer_loading": True}
        assert dropped(PAIR, messages_ask(tools=[tool])) == (
            "tools.input_examples",
            "tools.defer_loading",
        )


class TestFields:
    def test_zero_is_not_absent(self) -> None:
        body = messages_to_openai(temperature=0, top_p=0)
        assert (body["temperature"], body["top_p"]) == (0, 0)

    @pytest.mark.parametrize("model", ["gpt-5.4-mini", "o3", "openai/gpt-5", "o4-mini"])
    def test_the_limit_has_another_name_for_reasoning_models(self, model: str) -> None:
        body = messages_to_openai(model)
        assert body["max_completion_tokens"] == 100
        assert "max_tokens" not in body

    @pytest.mark.parametrize("model", ["gpt-4o", "qwen3", "gpt-oss-120b", "org/olmo-2"])
    def test_the_limit_has_its_old_name_for_others(self, model: str) -> None:
        assert messages_to_openai(model)["max_tokens"] == 100

    def test_stop_sequences(self) -> None:
        assert messages_to_openai(stop_sequences=["a", "b"])["stop"] == ["a", "b"]
        assert "stop" not in messages_to_openai(stop_sequences=[])

    @pytest.mark.parametrize(
        ("fields", "effort"),
        [
            ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, "low"),
            ({"thinking": {"type": "enabled", "budget_tokens": 8192}}, "medium"),
            ({"thinking": {"type": "enabled", "budget_tokens": 31999}}, "high"),
            ({"output_config": {"effort": "xhigh"}}, "xhigh"),
            ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}, "low"),
        ],
    )
    def test_reasoning(self, fields: Any, effort: str) -> None:
        assert messages_to_openai(**fields)["reasoning_effort"] == effort
        assert dropped(PAIR, messages_ask(**fields)) == ()

    @pytest.mark.parametrize("kind", ["adaptive", "disabled", "between_tools"])
    def test_reasoning_left_to_the_model(self, kind: str) -> None:
        assert "reasoning_effort" not in messages_to_openai(thinking={"type": kind})
        assert dropped(PAIR, messages_ask(thinking={"type": kind})) == ("thinking",)

    @pytest.mark.parametrize(
        ("schema", "strict"),
        [
            (
                {
                    "type": "object",
                    "properties": {"a": {"type": "string"}},
                    "required": ["a"],
                    "additionalProperties": False,
                },
                True,
            ),
            (
                {
                    "type": "object",
                    "properties": {"a": {"type": "string"}},
                    "additionalProperties": False,
                },
                False,
            ),
            ({"type": "array", "items": {"type": "object"}}, False),
        ],
    )
    def test_structured_output(self, schema: Any, strict: bool) -> None:
        """Strict where OpenAI's strict mode takes the schema; in the present and the beta form."""
        form = {"type": "json_schema", "schema": schema}
        expected = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": schema, "strict": strict},
        }
        body = messages_to_openai(output_config={"format": form})
        assert body["response_format"] == expected
        assert messages_to_openai(output_format=form)["response_format"] == expected

    def test_who_asks(self) -> None:
        inbound = messages_ask(metadata={"user_id": "u", "team": "t"})
        assert messages_to_openai(metadata={"user_id": "u"})["user"] == "u"
        assert dropped(PAIR, inbound) == ("metadata.team",)

    def test_a_long_user_id_is_shortened(self) -> None:
        """OpenAI refuses more than 64 characters; the same user stays the same."""
        one, two = ({"user_id": letter * 150} for letter in "ab")
        short = messages_to_openai(metadata=one)["user"]
        assert len(short) == 64
        assert messages_to_openai(metadata=one)["user"] == short
        assert messages_to_openai(metadata=two)["user"] != short

    @pytest.mark.parametrize(("tier", "said"), [("auto", "auto"), ("standard_only", "default")])
    def test_service_tiers(self, tier: str, said: str) -> None:
        assert messages_to_openai(service_tier=tier)["service_tier"] == said

    @pytest.mark.parametrize(
        ("field", "value"),
        [("container", "c"), ("mcp_servers", [{"name": "m"}]), ("inference_geo", "eu")],
    )
    def test_what_anthropic_alone_can_do_is_refused(self, field: str, value: Any) -> None:
        assert refused(**{field: value}) == field

    @pytest.mark.parametrize(
        ("field", "value"),
        [("top_k", 5), ("speed", "fast"), ("context_management", {"edits": []}), ("x_new", 1)],
    )
    def test_hints_are_listed(self, field: str, value: Any) -> None:
        assert dropped(PAIR, messages_ask(**{field: value})) == (field,)
        assert field not in messages_to_openai(**{field: value})
