"""A scripted provider that speaks OpenAI's chat completions."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from tests.service.pairs.talk import Answer, Call, Image, Result, Talk, Tool, User
from tests.support import openai_shapes as shapes
from tests.support.upstream import Json, Reply, Sse

_FINISH = {
    "end": "stop",
    "length": "length",
    "calls": "tool_calls",
    "sequence": "stop",
    "refusal": "content_filter",
}


class OpenAIScript:
    """Says an answer and reads a request, in OpenAI's documented shapes."""

    protocol = "openai"

    def reply(self, answer: Answer, *, stream: bool) -> Reply:
        return Sse(self.events(answer)) if stream else Json(self.whole(answer))

    def events(self, answer: Answer) -> list[bytes]:
        finish = _FINISH[answer.stop]
        met = {"stop_reason": answer.sequence} if answer.sequence else {}
        end = {"index": 0, "delta": {}, "finish_reason": finish, **met}
        return [
            shapes.chunk({"role": "assistant", "content": ""}),
            *(shapes.chunk({"reasoning_content": thought}) for thought in answer.thoughts),
            *map(self.text, answer.texts),
            *(event for n, call in enumerate(answer.calls) for event in self._call(n, call)),
            shapes.chunk(None, choices=[end]),
            shapes.chunk(None, usage=_usage(answer)),
            shapes.DONE,
        ]

    def text(self, text: str) -> bytes:
        return shapes.chunk({"content": text})

    def opening(self) -> list[bytes]:
        return [shapes.chunk({"role": "assistant", "content": ""})]

    def call(self, call_id: str, name: str) -> list[bytes]:
        """The events before a call's arguments."""
        function = {"name": name, "arguments": ""}
        begun = {"index": 0, "id": call_id, "type": "function", "function": function}
        return [shapes.chunk({"tool_calls": [begun]})]

    def arguments(self, piece: str) -> bytes:
        return shapes.chunk({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})

    def _call(self, index: int, call: Call) -> list[bytes]:
        """The call's name, then its arguments in two pieces."""
        text = json.dumps(call.arguments)
        begun = {"id": call.id, "type": "function", "function": {"name": call.name}}
        pieces = [{**begun, "function": {**begun["function"], "arguments": ""}}]  # type: ignore[dict-item]
        pieces += [{"function": {"arguments": piece}} for piece in (text[:5], text[5:])]
        return [shapes.chunk({"tool_calls": [{"index": index, **piece}]}) for piece in pieces]

    def whole(self, answer: Answer) -> dict[str, Any]:
        message: dict[str, Any] = {"content": answer.text or None}
        if answer.thoughts:
            message["reasoning_content"] = "".join(answer.thoughts)
        if answer.calls:
            message["tool_calls"] = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
                }
                for call in answer.calls
            ]
        whole = shapes.completion(**{"text": "", **message})
        whole["choices"][0]["message"]["content"] = answer.text or None
        whole["choices"][0]["finish_reason"] = _FINISH[answer.stop]
        if answer.sequence:
            whole["choices"][0]["stop_reason"] = answer.sequence
        return {**whole, "usage": _usage(answer)}

    def error(self, status: int, words: str, **headers: str) -> Json:
        kinds = {429: "rate_limit_error", 401: "authentication_error", 404: "not_found"}
        default = "invalid_request_error" if status < 500 else "server_error"
        return Json(shapes.error(words, kinds.get(status, default)), status, headers)

    def error_event(self, words: str) -> bytes:
        return shapes.data(shapes.error(words, "overloaded_error"))

    def heard(self, body: dict[str, Any]) -> Talk:
        """The request as a talk."""
        messages = body["messages"]
        system = [m["content"] for m in messages if m["role"] in ("system", "developer")]
        form = body.get("response_format")
        stop = body.get("stop") or ()
        return Talk(
            turns=tuple(_turns(messages)),
            system=tuple(_text(content) for content in system),
            tools=tuple(_tool(tool["function"]) for tool in body.get("tools") or ()),
            tool_choice=_choice(body.get("tool_choice")),
            parallel=body.get("parallel_tool_calls"),
            max_tokens=body["max_tokens"],
            temperature=body.get("temperature"),
            top_p=body.get("top_p"),
            stops=(stop,) if isinstance(stop, str) else tuple(stop),
            schema=form["json_schema"]["schema"] if form else None,
            effort=body.get("reasoning_effort"),
        )


def _usage(answer: Answer) -> dict[str, Any]:
    tokens = answer.tokens
    return {
        "prompt_tokens": tokens.prompt,
        "completion_tokens": tokens.completion,
        "total_tokens": tokens.prompt + tokens.completion,
        "prompt_tokens_details": {
            "cached_tokens": tokens.cached,
            "cache_write_tokens": tokens.written,
        },
        "completion_tokens_details": {"reasoning_tokens": tokens.reasoning},
    }


def _turns(messages: list[dict[str, Any]]) -> Iterable[User | Answer]:
    """Results and what the user adds to them are one turn."""
    results: list[Result] = []
    for message in messages:
        role, content = message["role"], message.get("content")
        if role == "tool":
            results.append(Result(message["tool_call_id"], _text(content)))
        elif role == "user":
            yield User(_text(content), tuple(_images(content)), tuple(results))
            results = []
        elif role == "assistant":
            if results:
                yield User(results=tuple(results))
                results = []
            yield _answer(message)
    if results:
        yield User(results=tuple(results))


def _answer(message: dict[str, Any]) -> Answer:
    calls = [
        Call(call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))
        for call in message.get("tool_calls") or ()
    ]
    text, thought = _text(message.get("content")), message.get("reasoning_content")
    return Answer((text,) if text else (), (thought,) if thought else (), tuple(calls))


def _text(content: Any) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    return "".join(part["text"] for part in content if part["type"] == "text")


def _images(content: Any) -> Iterable[Image]:
    if isinstance(content, str):
        return
    for part in content:
        if part["type"] == "image_url":
            url = part["image_url"]["url"]
            data = url.removeprefix("data:image/png;base64,")
            yield Image(url=url) if data == url else Image(data=data)


def _tool(function: dict[str, Any]) -> Tool:
    return Tool(function["name"], function["parameters"], function.get("description", ""))


def _choice(choice: Any) -> str:
    if isinstance(choice, dict):
        return str(choice["function"]["name"])
    return str({"required": "any", None: ""}.get(choice, choice))
