"""A scripted provider that speaks Anthropic's messages."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from tests.service.pairs.talk import Answer, Call, Image, Result, Talk, Tokens, Tool, User
from tests.support import anthropic_shapes as shapes
from tests.support.upstream import Json, Reply, Sse

_STOP = {
    "end": "end_turn",
    "length": "max_tokens",
    "calls": "tool_use",
    "sequence": "stop_sequence",
    "refusal": "refusal",
}
SIGNATURE = "EqQBCgIYAhIM"
_EFFORTS = {2048: "low", 8192: "medium", 16384: "high"}
_ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    503: "overloaded_error",
    529: "overloaded_error",
}


class AnthropicScript:
    """Says an answer and reads a request, in Anthropic's documented shapes."""

    protocol = "anthropic"

    def reply(self, answer: Answer, *, stream: bool) -> Reply:
        return Sse(self.events(answer)) if stream else Json(self.whole(answer))

    def events(self, answer: Answer) -> list[bytes]:
        usage = _usage(answer.tokens)
        events = [shapes.started(usage=usage), shapes.PING]
        index = 0
        if answer.thoughts:
            events += shapes.thinking(*answer.thoughts, signature=SIGNATURE)
            index += 1
        if answer.texts:
            events += shapes.text(*answer.texts, index=index)
            index += 1
        for call in answer.calls:
            text = json.dumps(call.arguments)
            events += shapes.tool_use(index, call.id, call.name, text[:5], text[5:])
            index += 1
        counts = {"output_tokens": usage["output_tokens"]}
        if answer.tokens.reasoning:
            counts["output_tokens_details"] = usage["output_tokens_details"]
        stop = _STOP[answer.stop]
        return events + shapes.ended(stop, sequence=answer.sequence, usage=counts)

    def text(self, text: str) -> bytes:
        delta = {"type": "text_delta", "text": text}
        return shapes.event("content_block_delta", index=0, delta=delta)

    def opening(self) -> list[bytes]:
        start = {"type": "text", "text": ""}
        return [
            shapes.started(),
            shapes.event("content_block_start", index=0, content_block=start),
        ]

    def call(self, call_id: str, name: str) -> list[bytes]:
        """The events before a call's arguments."""
        return [shapes.started(), *shapes.tool_use(0, call_id, name)[:-1]]

    def arguments(self, piece: str) -> bytes:
        delta = {"type": "input_json_delta", "partial_json": piece}
        return shapes.event("content_block_delta", index=0, delta=delta)

    def whole(self, answer: Answer) -> dict[str, Any]:
        content: list[dict[str, Any]] = []
        if answer.thoughts:
            thought = "".join(answer.thoughts)
            content.append({"type": "thinking", "thinking": thought, "signature": SIGNATURE})
        if answer.texts:
            content.append({"type": "text", "text": answer.text})
        content += [
            {"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments}
            for call in answer.calls
        ]
        return shapes.message(
            content,
            stop_reason=_STOP[answer.stop],
            stop_sequence=answer.sequence,
            usage=_usage(answer.tokens),
        )

    def error(self, status: int, words: str, **headers: str) -> Json:
        return Json(shapes.error(words, _ERRORS.get(status, "api_error")), status, headers)

    def error_event(self, words: str) -> bytes:
        return shapes.event("error", error={"type": "overloaded_error", "message": words})

    def heard(self, body: dict[str, Any]) -> Talk:
        """The request as a talk."""
        system = body.get("system") or ()
        choice = body.get("tool_choice") or {}
        parallel = choice.get("disable_parallel_tool_use")
        thinking, config = body.get("thinking"), body.get("output_config") or {}
        return Talk(
            turns=tuple(_turn(turn) for turn in body["messages"]),
            system=(system,) if isinstance(system, str) else tuple(b["text"] for b in system),
            tools=tuple(
                Tool(tool["name"], tool["input_schema"], tool.get("description", ""))
                for tool in body.get("tools") or ()
            ),
            tool_choice=choice.get("name") or choice.get("type", ""),
            parallel=None if parallel is None else not parallel,
            max_tokens=body["max_tokens"],
            temperature=body.get("temperature"),
            top_p=body.get("top_p"),
            stops=tuple(body.get("stop_sequences") or ()),
            schema=config["format"]["schema"] if "format" in config else None,
            effort=_EFFORTS[thinking["budget_tokens"]] if thinking else None,
        )


def _usage(tokens: Tokens) -> dict[str, Any]:
    usage: dict[str, Any] = {
        "input_tokens": tokens.prompt - tokens.cached - tokens.written,
        "output_tokens": tokens.completion,
        "cache_read_input_tokens": tokens.cached,
        "cache_creation_input_tokens": tokens.written,
    }
    if tokens.reasoning:
        usage["output_tokens_details"] = {"thinking_tokens": tokens.reasoning}
    return usage


def _turn(turn: dict[str, Any]) -> User | Answer:
    content = turn["content"]
    if isinstance(content, str):
        return User(content) if turn["role"] == "user" else Answer((content,))
    return (_user if turn["role"] == "user" else _answer)(content)


def _user(content: list[dict[str, Any]]) -> User:
    return User(
        "".join(block["text"] for block in content if block["type"] == "text"),
        tuple(_image(block["source"]) for block in content if block["type"] == "image"),
        tuple(
            Result(block["tool_use_id"], _result(block["content"]))
            for block in content
            if block["type"] == "tool_result"
        ),
    )


def _result(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "".join(block["text"] for block in content)


def _answer(content: list[dict[str, Any]]) -> Answer:
    """Thinking has to come back signed, or it is not what this model thought."""
    thoughts = [block for block in content if block["type"] == "thinking"]
    assert all(block["signature"] == SIGNATURE for block in thoughts)
    return Answer(
        tuple(block["text"] for block in content if block["type"] == "text"),
        tuple(block["thinking"] for block in thoughts),
        tuple(_calls(content)),
    )


def _calls(content: list[dict[str, Any]]) -> Iterable[Call]:
    for block in content:
        if block["type"] == "tool_use":
            yield Call(block["id"], block["name"], block["input"])


def _image(source: dict[str, Any]) -> Image:
    return Image(url=source["url"]) if source["type"] == "url" else Image(data=source["data"])
