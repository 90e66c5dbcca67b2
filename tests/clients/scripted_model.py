"""A scripted model that coding agents can work with, in OpenAI's and Anthropic's protocols.

It does one job: it reads `notes.txt`, changes the word in it, and says that it is done. What it
calls depends on the tools that the client offers, as with a real model. It refuses what the real
APIs refuse: a tool result without its call, roles and types nobody knows.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self

OLD, NEW = "semaphore", "colour light"
DONE = "The notes name the colour light now."
NO_TOOLS = "Switching the notes"
PATCH = f"""*** Begin Patch
*** Update File: notes.txt
@@
-The signal is a {OLD}.
+The signal is a {NEW}.
*** End Patch
"""
AIDER_EDIT = f"""notes.txt
```
<<<<<<< SEARCH
The signal is a {OLD}.
=======
The signal is a {NEW}.
>>>>>>> REPLACE
```
"""


class ToolCall(NamedTuple):
    name: str
    arguments: dict[str, Any]


class Step(NamedTuple):
    text: str = ""
    call: ToolCall | None = None


class Offered(NamedTuple):
    """What a request offers, whatever its protocol."""

    tools: dict[str, dict[str, Any]]
    """Parameters' JSON schemas by name."""
    results: int
    """Tool results since the last words of the user."""
    words: str
    """All texts of the user and the system."""
    fences: bool = False
    """Whether JSON comes in fences, as Claude likes to give it unless it is told."""


def next_step(offered: Offered, folder: str) -> Step:
    """What a model that wants to do the job does now."""
    if not offered.tools and '"signal"' in offered.words:
        answer = json.dumps({"signal": NEW})
        return Step(f"```json\n{answer}\n```" if offered.fences else answer)
    if not offered.tools:
        wants_edit = "SEARCH/REPLACE" in offered.words and "notes.txt" in offered.words
        return Step(AIDER_EDIT if wants_edit else NO_TOOLS)
    if offered.results == 0:
        return Step(call=_read(offered.tools, folder))
    if offered.results == 1:
        return Step(call=_edit(offered.tools, folder))
    return Step(DONE)


_READERS = ("Read", "read", "read_file", "readFile")
_EDITORS = ("Edit", "edit", "editor", "replace", "writeFile")
_SHELLS = ("exec_command", "shell_command", "shell", "Bash", "bash")
_VALUES = {
    "file_path": "{path}",
    "filePath": "{path}",
    "absolute_path": "{path}",
    "path": "{path}",
    "old_string": OLD,
    "oldString": OLD,
    "old_text": OLD,
    "new_string": NEW,
    "new_text": NEW,
    "newString": NEW,
    "text": f"The signal is a {NEW}.\n",
    "description": "Look at the notes",
}


def _read(tools: dict[str, dict[str, Any]], folder: str) -> ToolCall:
    for name in _READERS:
        if name in tools:
            return ToolCall(name, _filled(tools[name], folder))
    if "read_files" in tools:
        return ToolCall("read_files", {"files": [{"path": f"{folder}/notes.txt"}]})
    return _shell(tools, "cat notes.txt")


def _edit(tools: dict[str, dict[str, Any]], folder: str) -> ToolCall:
    for name in _EDITORS:
        if name in tools:
            return ToolCall(name, _filled(tools[name], folder))
    if "apply_patch" in tools:
        (field,) = tools["apply_patch"].get("properties") or ("input",)
        return ToolCall("apply_patch", {field: PATCH})
    return _shell(tools, f"sed -i 's/{OLD}/{NEW}/' notes.txt")


def _shell(tools: dict[str, dict[str, Any]], command: str) -> ToolCall:
    name = next(one for one in _SHELLS if one in tools)
    properties = tools[name].get("properties", {})
    if "cmd" in properties:
        return ToolCall(name, {"cmd": command})
    as_list = properties["command"].get("type") == "array"
    return ToolCall(name, {"command": ["bash", "-lc", command] if as_list else command})


def _filled(schema: dict[str, Any], folder: str) -> dict[str, Any]:
    needed = set(schema.get("required", ())) | (set(schema.get("properties", {})) & set(_VALUES))
    return {
        name: _VALUES[name].format(path=f"{folder}/notes.txt") for name in needed & set(_VALUES)
    }


class Refused(Exception):
    """What the real API answers with 400."""


def read_chat(body: dict[str, Any]) -> Offered:
    """A chat completions request; raises `Refused`."""
    open_calls: set[str] = set()
    results, words = 0, []
    for message in body["messages"]:
        role = message["role"]
        if role not in ("system", "developer", "user", "assistant", "tool"):
            raise Refused(f"messages: role {role!r} is not known")
        if role == "tool":
            if message["tool_call_id"] not in open_calls:
                raise Refused("role 'tool' must be a response to a preceding 'tool_calls'")
            open_calls.discard(message["tool_call_id"])
            results += 1
            continue
        if open_calls:
            raise Refused("an assistant message with 'tool_calls' must be followed by results")
        open_calls = {one["id"] for one in message.get("tool_calls") or ()}
        if role != "assistant":
            words.append(_text(message["content"]))
    tools = {}
    for tool in body.get("tools") or ():
        if tool["type"] not in ("function", "custom"):
            raise Refused(f"tools: type {tool['type']!r} is not known")
        inner = tool[tool["type"]]
        tools[inner["name"]] = inner.get("parameters") or {}
    return Offered(tools, results, "\n".join(words))


def read_messages(body: dict[str, Any]) -> Offered:
    """A messages request; raises `Refused`."""
    if "max_tokens" not in body:
        raise Refused("max_tokens: Field required")
    open_calls: set[str] = set()
    results, words = 0, [_text(body.get("system") or "")]
    for message in body["messages"]:
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        answered = {b["tool_use_id"] for b in blocks if b["type"] == "tool_result"}
        if not answered <= open_calls or (open_calls and answered != open_calls):
            raise Refused("messages: `tool_use` ids without `tool_result` blocks, or the reverse")
        results += len(answered)
        open_calls = {b["id"] for b in blocks if b["type"] == "tool_use"}
        if message["role"] == "user":
            words += [b["text"] for b in blocks if b["type"] == "text"]
    tools = {one["name"]: one.get("input_schema") or {} for one in body.get("tools") or ()}
    told = "\n".join(words)
    return Offered(tools, results, told, fences="and nothing else" not in told)


def _text(content: Any) -> str:
    if isinstance(content, str) or content is None:
        return content or ""
    return "\n".join(part.get("text", "") for part in content)


def chat_events(step: Step, number: int) -> Iterator[dict[str, Any]]:
    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return {
            "id": f"chatcmpl-{number}",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "gpt-scripted",
            "choices": [choice],
        }

    yield chunk({"role": "assistant", "content": ""})
    if step.call is None:
        yield from (chunk({"content": word}) for word in _pieces(step.text))
        yield chunk({}, "stop")
    else:
        begun = {
            "index": 0,
            "id": f"call_{number}",
            "type": "function",
            "function": {"name": step.call.name, "arguments": ""},
        }
        yield chunk({"tool_calls": [begun]})
        for piece in _pieces(json.dumps(step.call.arguments)):
            yield chunk({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})
        yield chunk({}, "tool_calls")
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    yield {**chunk({}), "choices": [], "usage": usage}


def chat_whole(step: Step, number: int) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": step.text or None}
    if step.call is not None:
        function = {"name": step.call.name, "arguments": json.dumps(step.call.arguments)}
        message["tool_calls"] = [{"id": f"call_{number}", "type": "function", "function": function}]
    finish = "stop" if step.call is None else "tool_calls"
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-scripted",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    }


def message_whole(step: Step, number: int) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "text", "text": step.text}
    if step.call is not None:
        block = {
            "type": "tool_use",
            "id": f"toolu_{number:02}",
            "name": step.call.name,
            "input": step.call.arguments,
        }
    return {
        "id": f"msg_{number:02}",
        "type": "message",
        "role": "assistant",
        "model": "claude-scripted",
        "content": [block],
        "stop_sequence": None,
        "stop_reason": "end_turn" if step.call is None else "tool_use",
        "usage": {"input_tokens": 10, "output_tokens": 5},
    }


def message_events(step: Step, number: int) -> Iterator[dict[str, Any]]:
    whole = message_whole(step, number)
    yield {"type": "message_start", "message": {**whole, "content": [], "stop_reason": None}}
    block = whole["content"][0]
    empty = {**block, "text": ""} if step.call is None else {**block, "input": {}}
    yield {"type": "content_block_start", "index": 0, "content_block": empty}
    told = step.text if step.call is None else json.dumps(step.call.arguments)
    kind, name = (
        ("text_delta", "text") if step.call is None else ("input_json_delta", "partial_json")
    )
    for piece in _pieces(told):
        yield {"type": "content_block_delta", "index": 0, "delta": {"type": kind, name: piece}}
    yield {"type": "content_block_stop", "index": 0}
    yield {
        "type": "message_delta",
        "usage": {"output_tokens": 5},
        "delta": {"stop_reason": whole["stop_reason"], "stop_sequence": None},
    }
    yield {"type": "message_stop"}


def _pieces(text: str) -> list[str]:
    return [text[at : at + 9] for at in range(0, len(text), 9)]


class ScriptedModel:
    """`with ScriptedModel(folder) as model:` serves both protocols on `model.port`.

    `faults` are statuses that are answered before the job goes on, each once, at the given
    requests with tools (from 1).
    """

    def __init__(self, folder: str, faults: dict[int, int] | None = None) -> None:
        self.folder = folder
        self.faults = dict(faults or {})
        self.bodies: list[dict[str, Any]] = []
        self.refusals: list[str] = []
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._with_tools = 0

    def __enter__(self) -> Self:
        model = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                model.answer(self, body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        is_chat = request.path.split("?")[0].endswith("/chat/completions")
        self.bodies.append(body)
        try:
            offered = read_chat(body) if is_chat else read_messages(body)
        except Refused as refused:
            self.refusals.append(str(refused))
            _send_error(request, 400, str(refused), is_chat=is_chat)
            return
        number = next(self._numbers)
        if offered.tools:
            with self._lock:
                self._with_tools += 1
                status = self.faults.pop(self._with_tools, None)
            if status is not None:
                _send_error(request, status, "Try again.", is_chat=is_chat)
                return
        step = next_step(offered, self.folder)
        if not body.get("stream"):
            _send_json(request, 200, (chat_whole if is_chat else message_whole)(step, number))
            return
        request.send_response(200)
        request.send_header("content-type", "text/event-stream")
        request.send_header("connection", "close")
        request.end_headers()
        for event in (chat_events if is_chat else message_events)(step, number):
            name = "" if is_chat else f"event: {event['type']}\n"
            request.wfile.write(f"{name}data: {json.dumps(event)}\n\n".encode())
        if is_chat:
            request.wfile.write(b"data: [DONE]\n\n")
        request.close_connection = True


def _send_error(
    request: BaseHTTPRequestHandler, status: int, message: str, *, is_chat: bool
) -> None:
    kinds = {400: "invalid_request_error", 429: "rate_limit_error", 529: "overloaded_error"}
    error = {"message": message, "type": kinds.get(status, "api_error")}
    body = {"error": error} if is_chat else {"type": "error", "error": error}
    _send_json(request, status, body)


def _send_json(request: BaseHTTPRequestHandler, status: int, body: dict[str, Any]) -> None:
    raw = json.dumps(body).encode()
    request.send_response(status)
    request.send_header("content-type", "application/json")
    request.send_header("content-length", str(len(raw)))
    request.end_headers()
    request.wfile.write(raw)
