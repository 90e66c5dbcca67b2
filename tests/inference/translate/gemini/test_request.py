"""Chat completions as `generateContent`: every field said, refused, or named as left out."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from inference.endpoints.registry import translator_for
from inference.translate.base import Inexpressible
from inference.translate.gemini.contents import ANY_SIGNATURE
from tests.inference.translate.support import chat_ask, messages_ask, responses_ask

MODEL = "gemini-3-flash"
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
TOOL = {"type": "function", "function": {"name": "f", "parameters": SCHEMA, "description": "F."}}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}


def asked(model: str = MODEL, **fields: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    outbound = translator_for("chat", "gemini").request(chat_ask(**fields), model)
    return msgspec.json.decode(outbound.body), outbound.dropped


def test_where_it_goes() -> None:
    translator = translator_for("chat", "gemini")
    paths = [
        translator.request(chat_ask(stream=stream), model).path
        for stream, model in ((False, MODEL), (True, "models/a b"), (False, "tunedModels/x"))
    ]
    assert paths == [
        "/models/gemini-3-flash:generateContent",
        "/models/a%20b:streamGenerateContent?alt=sse",
        "/tunedModels/x:generateContent",
    ]


def test_sampling() -> None:
    body, dropped = asked(
        max_tokens=5, temperature=1.5, top_p=0.5, top_k=3, seed=7, stop=["a"], presence_penalty=1,
        user="u", logit_bias=None, store=True, unheard_of=1,
    )  # fmt: skip
    assert body["generationConfig"] == {
        "maxOutputTokens": 5,
        "temperature": 1.5,
        "topP": 0.5,
        "topK": 3,
        "seed": 7,
        "stopSequences": ["a"],
    }
    assert set(dropped) == {"presence_penalty", "user", "store", "unheard_of"}


@pytest.mark.parametrize(
    ("choice", "config"),
    [
        ("auto", {"mode": "AUTO"}),
        ("none", {"mode": "NONE"}),
        ("required", {"mode": "ANY"}),
        (
            {"type": "function", "function": {"name": "f"}},
            {"mode": "ANY", "allowedFunctionNames": ["f"]},
        ),
    ],
)
def test_tools(choice: Any, config: Any) -> None:
    body, _ = asked(tools=[TOOL], tool_choice=choice)
    declared = {"name": "f", "description": "F.", "parametersJsonSchema": SCHEMA}
    assert body["tools"] == [{"functionDeclarations": [declared]}]
    assert body["toolConfig"] == {"functionCallingConfig": config}


@pytest.mark.parametrize(
    ("model", "effort", "config"),
    [
        ("gemini-3-flash", "minimal", {"thinkingLevel": "minimal", "includeThoughts": True}),
        ("gemini-3-pro-preview", "medium", {"thinkingLevel": "high", "includeThoughts": True}),
        ("gemini-3.1-pro", "medium", {"thinkingLevel": "medium", "includeThoughts": True}),
        ("gemini-3-flash", "xhigh", {"thinkingLevel": "high", "includeThoughts": True}),
        ("gemini-3-flash", "none", {"thinkingLevel": "minimal"}),
        ("gemini-2.5-flash", "low", {"thinkingBudget": 1024, "includeThoughts": True}),
        ("gemini-2.5-flash", "none", {"thinkingBudget": 0}),
        ("gemini-2.5-pro", "none", {"thinkingBudget": 128}),
        ("gemini-2.0-flash", "low", None),
    ],
)
def test_effort(model: str, effort: str, config: Any) -> None:
    body, dropped = asked(model, reasoning_effort=effort)
    assert body.get("generationConfig", {}).get("thinkingConfig") == config
    assert ("reasoning_effort" in dropped) is (config is None)


def test_a_schema() -> None:
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
    body, _ = asked(response_format=form)
    assert body["generationConfig"] == {
        "responseMimeType": "application/json",
        "responseJsonSchema": SCHEMA,
    }
    with pytest.raises(Inexpressible, match="only where there are no tools"):
        asked("gemini-2.5-flash", response_format=form, tools=[TOOL])


@pytest.mark.parametrize(
    "fields",
    [
        {"n": 2},
        {"logprobs": True},
        {"logit_bias": {"1": 2}},
        {"modalities": ["text", "audio"]},
        {"tools": [{"type": "web_search"}]},
        {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}]},
        {"messages": [{"role": "system", "content": "alone"}]},
        {"messages": [{"role": "tool", "tool_call_id": "no", "content": "x"}]},
    ],
)
def test_what_cannot_be_said_names_its_field(fields: dict[str, Any]) -> None:
    with pytest.raises(Inexpressible) as told:
        asked(**fields)
    assert told.value.field.split("[")[0].split(".")[0] in fields


def test_media() -> None:
    parts = [
        {"type": "text", "text": "See"},
        {"type": "image_url", "image_url": {"url": "data:image/jpg;base64,AAAA"}},
        {"type": "image_url", "image_url": "https://x.example/a.png?b=c"},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERi0"}},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}},
    ]
    body, _ = asked(messages=[{"role": "user", "content": parts}])
    assert body["contents"][0]["parts"] == [
        {"text": "See"},
        {"inlineData": {"mimeType": "image/jpeg", "data": "AAAA"}},
        {"fileData": {"mimeType": "image/png", "fileUri": "https://x.example/a.png?b=c"}},
        {"inlineData": {"mimeType": "application/pdf", "data": "JVBERi0"}},
        {"inlineData": {"mimeType": "audio/mp3", "data": "AAAA"}},
    ]


def test_turns() -> None:
    """Sides take turns, results follow their calls, and an agent's words between do not part
    them."""
    body, dropped = asked(
        messages=[
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": "A"},
            {"role": "user", "content": "B"},
            {"role": "assistant", "content": None, "tool_calls": [CALL, {**CALL, "id": "c2"}]},
            {"role": "user", "content": "Meanwhile"},
            {"role": "tool", "tool_call_id": "c2", "content": "two"},
            {"role": "tool", "tool_call_id": "c1", "content": "one", "is_error": True},
            {"role": "assistant", "content": "Done", "reasoning_content": "Hm"},
            {"role": "user", "content": "Go on"},
        ]
    )
    assert body["systemInstruction"] == {"parts": [{"text": "Be brief."}]}
    roles = [(one["role"], len(one["parts"])) for one in body["contents"]]
    assert roles == [("user", 2), ("model", 2), ("user", 2), ("user", 1), ("model", 1), ("user", 1)]
    calls, results = body["contents"][1]["parts"], body["contents"][2]["parts"]
    assert calls[0]["thoughtSignature"] == ANY_SIGNATURE
    assert "thoughtSignature" not in calls[1]
    responses = [one["functionResponse"]["response"] for one in results]
    assert {"error": "one"} in responses
    assert {"output": "two"} in responses
    assert dropped == ("messages.reasoning_content",)


def test_signatures_and_ids_of_calls_come_back() -> None:
    google = {"google": {"thought_signature": "S", "id": "g1"}}
    history = [
        {"role": "user", "content": "A"},
        {"role": "assistant", "tool_calls": [{**CALL, "extra_content": google}]},
        {"role": "tool", "tool_call_id": "c1", "content": "one"},
    ]
    body, _ = asked(messages=history)
    said, told = body["contents"][1]["parts"][0], body["contents"][2]["parts"][0]
    assert (said["thoughtSignature"], said["functionCall"]["id"]) == ("S", "g1")
    assert told["functionResponse"]["id"] == "g1"
    history[1] = {"role": "assistant", "tool_calls": [CALL]}
    body, _ = asked("gemini-2.5-flash", messages=history)
    assert "thoughtSignature" not in body["contents"][1]["parts"][0]


def test_other_callers() -> None:
    """Their requests are chat completions first; what those lose is named in the caller's words."""
    for endpoint, request in (("messages", messages_ask()), ("responses", responses_ask())):
        outbound = translator_for(endpoint, "gemini").request(request, MODEL)
        body = msgspec.json.decode(outbound.body)
        assert body["contents"] == [{"role": "user", "parts": [{"text": "Hello"}]}]
