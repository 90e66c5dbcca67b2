"""A provider that speaks OpenAI's Responses API: it keeps what it answers, and is strict.

It refuses what OpenAI refuses, in OpenAI's words: members it does not know, ids and encrypted
reasoning it never gave out, outputs of calls that were not made, chat completions' forms.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.service.pairs.talk import Answer
from tests.support.upstream import Asked, Json, Reply, Sse, Upstream

_FIELDS = """background include input instructions max_output_tokens max_tool_calls metadata model
    parallel_tool_calls previous_response_id prompt prompt_cache_key reasoning safety_identifier
    service_tier store stream stream_options temperature text tool_choice tools top_logprobs top_p
    truncation user prompt_cache_retention"""
_PREFIXES = {
    "message": "msg_",
    "reasoning": "rs_",
    "function_call": "fc_",
    "custom_tool_call": "ctc_",
    "code_interpreter_call": "ci_",
}
_PARTS = {
    "user": {"input_text", "input_image", "input_file"},
    "system": {"input_text"},
    "developer": {"input_text"},
    "assistant": {"output_text", "refusal"},
}
_EFFORTS = {None, "none", "minimal", "low", "medium", "high", "xhigh"}


class Refused(Exception):
    def __init__(self, message: str, param: str | None, status: int = 400, code: str | None = None):
        super().__init__(message)
        error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
        self.reply = Json({"error": error}, status)


class ResponsesProvider(Upstream):
    """`answers` are said one after the other; the last one for all that follow."""

    def __init__(self, *answers: Answer) -> None:
        super().__init__(Json({}))
        self.answers = list(answers)
        self.kept: dict[str, dict[str, Any]] = {}
        self.history: dict[str, list[dict[str, Any]]] = {}
        self.items: dict[str, dict[str, Any]] = {}
        self.encrypted: set[str] = set()
        self.fail: Reply | None = None
        self._numbers = itertools.count(1)

    def script(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked = []
        self.fail = None

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                asked = await self._read(reader)
                self.asked.append(asked)
                try:
                    reply = self.fail or self._answer(asked)
                except Refused as refused:
                    reply = refused.reply
                if not await self._reply(reply, asked, reader, writer):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _answer(self, asked: Asked) -> Reply:
        url = urlsplit(asked.path)
        match = re.fullmatch(r"/v1/responses(?:/([^/]+))?(?:/(cancel|input_items))?", url.path)
        if match is None:
            raise Refused(f"Unknown request URL: {asked.method} {asked.path}.", None, 404)
        name, rest = match[1], match[2]
        if name is None:
            return self._create(asked.body)
        if name == "input_tokens":
            self._check(asked.body)
            return Json({"object": "response.input_tokens", "input_tokens": 123})
        if name not in self.kept:
            raise Refused(f"Response with id '{name}' not found.", None, 404)
        return self._kept(asked.method, name, rest, parse_qs(url.query))

    def _kept(self, method: str, name: str, rest: str | None, query: dict[str, Any]) -> Reply:
        response = self.kept[name]
        if method == "DELETE":
            del self.kept[name]
            return Json({"id": name, "object": "response", "deleted": True})
        if rest == "input_items":
            items = [one for one in self.history[name] if one not in response["output"]]
            data = [{"id": f"msg_in_{n}", **one} for n, one in enumerate(items)]
            ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"]}
            return Json({"object": "list", "data": data, "has_more": False, **ends})
        if rest == "cancel":
            response["status"] = "cancelled"
        elif response["status"] == "queued":
            response["status"] = "in_progress"
        elif response["status"] == "in_progress":
            response["status"] = "completed"
        if query.get("stream") == ["true"]:
            return Sse(list(events_of(response)))
        return Json(response)

    def _create(self, body: dict[str, Any]) -> Reply:
        history = self._check(body)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        response = self._response(body, answer)
        if body.get("store", True):
            self.kept[response["id"]] = response
            self.history[response["id"]] = [*history, *response["output"]]
            self.items |= {item["id"]: item for item in response["output"]}
        if body.get("background"):
            response["status"] = "queued"
        return Sse(list(events_of(response))) if body.get("stream") else Json(response)

    def _response(self, body: dict[str, Any], answer: Answer) -> dict[str, Any]:
        number = next(self._numbers)
        ended = answer.stop in ("length", "refusal")
        reason = {"length": "max_output_tokens", "refusal": "content_filter"}.get(answer.stop)
        return {
            "id": f"resp_up{number}",
            "object": "response",
            "created_at": int(time.time()),
            "status": "incomplete" if ended else "completed",
            "background": bool(body.get("background")),
            "error": None,
            "incomplete_details": {"reason": reason} if ended else None,
            "instructions": body.get("instructions"),
            "metadata": body.get("metadata") or {},
            "model": body["model"],
            "output": list(self._output(body, answer, number)),
            "parallel_tool_calls": True,
            "previous_response_id": body.get("previous_response_id"),
            "store": body.get("store", True),
            "temperature": 1.0,
            "tool_choice": body.get("tool_choice", "auto"),
            "tools": body.get("tools") or [],
            "top_p": 1.0,
            "usage": {
                "input_tokens": answer.tokens.prompt,
                "input_tokens_details": {"cached_tokens": answer.tokens.cached},
                "output_tokens": answer.tokens.completion,
                "output_tokens_details": {"reasoning_tokens": answer.tokens.reasoning},
                "total_tokens": answer.tokens.prompt + answer.tokens.completion,
            },
        }

    def _output(
        self, body: dict[str, Any], answer: Answer, number: int
    ) -> Iterator[dict[str, Any]]:
        if answer.thoughts:
            told = [{"type": "summary_text", "text": "".join(answer.thoughts)}]
            item = {"id": f"rs_up{number}", "type": "reasoning", "summary": told}
            if "reasoning.encrypted_content" in (body.get("include") or ()):
                item["encrypted_content"] = f"gAAAAA{number}/secret+thoughts=="
                self.encrypted.add(item["encrypted_content"])
            yield item
        if any(tool["type"] == "code_interpreter" for tool in body.get("tools") or ()):
            yield {
                "id": f"ci_up{number}",
                "type": "code_interpreter_call",
                "status": "completed",
                "code": "1 + 1",
                "container_id": f"cntr_up{number}",
                "outputs": None,
            }
        if answer.texts:
            text = "".join(answer.texts)
            part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
            yield {
                "id": f"msg_up{number}",
                "type": "message",
                "role": "assistant",
                "status": "completed",
                "content": [part],
            }
        for place, call in enumerate(answer.calls):
            yield {
                "id": f"fc_up{number}_{place}",
                "type": "function_call",
                "status": "completed",
                "call_id": call.id,
                "name": call.name,
                "arguments": json.dumps(call.arguments),
            }

    def _check(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        """The whole conversation. Raises `Refused`."""
        for field in body:
            if field not in _FIELDS.split():
                raise Refused(f"Unknown parameter: '{field}'.", field, code="unknown_parameter")
        self._check_fields(body)
        history: list[dict[str, Any]] = []
        previous = body.get("previous_response_id")
        if previous is not None:
            if previous not in self.history or previous not in self.kept:
                message = f"Previous response with id '{previous}' not found."
                raise Refused(message, "previous_response_id", code="previous_response_not_found")
            history = list(self.history[previous])
        given = body.get("input", [])
        if isinstance(given, str):
            given = [{"type": "message", "role": "user", "content": given}]
        history += [self._item(item, f"input[{place}]") for place, item in enumerate(given)]
        _check_calls(history)
        return history

    def _check_fields(self, body: dict[str, Any]) -> None:
        limit = body.get("max_output_tokens")
        if limit is not None and limit < 16:
            raise Refused(
                "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, "
                f"but got {limit} instead.",
                "max_output_tokens",
                code="integer_below_min_value",
            )
        for name in ("temperature", "top_p"):
            if name in body and (body.get("reasoning") or {}).get("effort") not in (None, "none"):
                message = f"Unsupported parameter: '{name}' is not supported with this model."
                raise Refused(message, name, code="unsupported_parameter")
        if (body.get("reasoning") or {}).get("effort") not in _EFFORTS:
            raise Refused("Invalid value for 'reasoning.effort'.", "reasoning.effort")
        if body.get("background") and body.get("store") is False:
            raise Refused("Background mode requires `store` to be true.", "background")
        form = (body.get("text") or {}).get("format") or {}
        if form.get("type") == "json_schema" and not (form.get("name") and form.get("schema")):
            raise Refused("Missing required parameter: 'text.format.name'.", "text.format.name")
        _check_tools(body)

    def _item(self, item: dict[str, Any], path: str) -> dict[str, Any]:
        kind, name = item.get("type", "message"), item.get("id")
        if kind == "item_reference":
            if name not in self.items:
                raise _no_item(name)
            return self.items[name]
        if name is not None and not name.startswith(_PREFIXES[kind]):
            raise Refused(
                f"Invalid '{path}.id': '{name}'. Expected an ID that begins with "
                f"'{_PREFIXES[kind].rstrip('_')}'.",
                f"{path}.id",
                code="invalid_value",
            )
        if name is not None and len(name) > 64:
            raise Refused(f"Invalid '{path}.id': string too long.", f"{path}.id")
        if kind == "reasoning":
            sealed = item.get("encrypted_content")
            if sealed is not None and sealed not in self.encrypted:
                message = "The encrypted content could not be verified."
                raise Refused(message, None, code="invalid_encrypted_content")
            if sealed is None and name not in self.items:
                raise _no_item(name)
        if kind == "message":
            _check_message(item, path)
        return item


def _check_tools(body: dict[str, Any]) -> None:
    for place, tool in enumerate(body.get("tools") or ()):
        if tool["type"] in ("function", "custom") and not tool.get("name"):
            name = f"tools[{place}].name"
            raise Refused(f"Missing required parameter: '{name}'.", name)
        container = tool.get("container")
        if isinstance(container, str) and not container.startswith("cntr_up"):
            raise Refused(f"Container '{container}' not found.", None, 404)
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and choice["type"] == "function" and not choice.get("name"):
        raise Refused("Missing required parameter: 'tool_choice.name'.", "tool_choice.name")


def _no_item(name: Any) -> Refused:
    return Refused(
        f"Item with id '{name}' not found. Items are not persisted when `store` is set to false. "
        "Try again with `store` set to true, or remove this item from your input.",
        "input",
        404,
    )


def _check_message(item: dict[str, Any], path: str) -> None:
    content = item["content"]
    for place, part in enumerate(content if isinstance(content, list) else ()):
        where = f"{path}.content[{place}]"
        if part["type"] not in _PARTS[item["role"]]:
            known = ", ".join(sorted(_PARTS[item["role"]]))
            message = f"Invalid value: '{part['type']}'. Supported values are: {known}."
            raise Refused(message, where, code="invalid_value")
        if part["type"] == "input_image" and not isinstance(part.get("image_url", ""), str):
            raise Refused(f"Invalid type for '{where}.image_url'.", f"{where}.image_url")


def _check_calls(history: list[dict[str, Any]]) -> None:
    called = {item["call_id"] for item in history if item.get("type") == "function_call"}
    told = {item["call_id"] for item in history if item.get("type") == "function_call_output"}
    for call_id in told - called:
        message = f"No tool call found for function call output with call_id {call_id}."
        raise Refused(message, "input")
    for call_id in called - told:
        message = f"No tool output found for function call {call_id}."
        raise Refused(message, "input")


def events_of(response: dict[str, Any]) -> Iterator[bytes]:
    numbers = itertools.count()

    def event(kind: str, **fields: Any) -> bytes:
        told = {"type": kind, "sequence_number": next(numbers), **fields}
        return f"event: {kind}\ndata: {json.dumps(told)}\n\n".encode()

    begun = {**response, "status": "in_progress", "output": [], "usage": None}
    yield event("response.created", response=begun)
    yield event("response.in_progress", response=begun)
    for index, item in enumerate(response["output"]):
        place = {"output_index": index, "item_id": item["id"]}
        empty = {"content": [], "arguments": "", "summary": [], "status": "in_progress"}
        added = {name: empty.get(name, value) for name, value in item.items()}
        added.pop("encrypted_content", None)
        yield event("response.output_item.added", output_index=index, item=added)
        if item["type"] == "message":
            part = item["content"][0]
            inside = {**place, "content_index": 0}
            blank = {**part, "text": ""}
            yield event("response.content_part.added", **inside, part=blank)
            for piece in re.findall(r"\S+\s*|\s+", part["text"]):
                yield event("response.output_text.delta", **inside, delta=piece, logprobs=[])
            yield event("response.output_text.done", **inside, text=part["text"], logprobs=[])
            yield event("response.content_part.done", **inside, part=part)
        elif item["type"] == "function_call":
            text = item["arguments"]
            for piece in (text[:5], text[5:]):
                yield event("response.function_call_arguments.delta", **place, delta=piece)
            yield event("response.function_call_arguments.done", **place, arguments=text)
        elif item["type"] == "reasoning":
            inside = {**place, "summary_index": 0}
            part = item["summary"][0]
            blank = {**part, "text": ""}
            yield event("response.reasoning_summary_part.added", **inside, part=blank)
            delta = {"delta": part["text"]}
            yield event("response.reasoning_summary_text.delta", **inside, **delta)
            yield event("response.reasoning_summary_text.done", **inside, text=part["text"])
            yield event("response.reasoning_summary_part.done", **inside, part=part)
        yield event("response.output_item.done", output_index=index, item=item)
    kind = "incomplete" if response["status"] == "incomplete" else "completed"
    yield event(f"response.{kind}", response=response)
