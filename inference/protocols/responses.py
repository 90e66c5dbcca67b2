"""OpenAI's Responses API as callers see it: as the chat API, but for errors inside a stream."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from math import ceil
from typing import Any, Final

import msgspec

from inference.protocols.openai import OpenAIProtocol
from inference.protocols.sse import encode
from inference.values.error_answer import ErrorAnswer

_LIMIT: Final = "rate_limit_exceeded"
_CODES: Final = {429: _LIMIT}
"""Codes that clients act upon, for errors that bring none. An overload is a `server_error`: what
OpenAI says of its own, `server_is_overloaded`, ends the jobs of Codex."""
_LONGEST_TOLD: Final = 60.0
"""Seconds that a client is told to wait before it asks again by itself, as long as SDKs do."""
_CODEX: Final = (b"codex_", b"codex-")
"""How the `user-agent` of Codex begins, in each of its forms."""


class ResponsesProtocol(OpenAIProtocol):
    """OpenAI's shapes with the numbered events of the Responses API."""

    def error_event(self, answer: ErrorAnswer, request_id: str) -> bytes:
        """The API's `error` event and then `response.failed`, which is terminal.

        The SDK raises on a truthy `error` inside the first, and only hands on an event that has
        none; others, Codex among them, know a broken answer by the second alone.
        """
        inside = msgspec.json.decode(self.error_body(answer, request_id))["error"]
        code = inside["code"]
        if not isinstance(code, str) or code.startswith("http_"):
            inside["code"] = _CODES.get(answer.status, "server_error")
        told = {"code": inside["code"], "message": _with_wait(answer, inside["code"])}
        number = answer.sequence
        events = []
        if answer.partial is None:
            # Only heartbeats have been sent: the failed answer is also the first word of it.
            events += list(_begun(request_id))
        error = {"type": "error", **told, "param": inside["param"], "error": inside}
        failed = {**(answer.partial or _empty(request_id)), "status": "failed", "error": told}
        events += [error, {"type": "response.failed", "response": failed}]
        return b"".join(
            encode(
                msgspec.json.encode({**event, "sequence_number": number + place}),
                event["type"].encode(),
            )
            for place, event in enumerate(events)
        )

    def told_by_event(self, status: int, client: bytes) -> bool:
        """Codex ends its job at a 429, whatever its headers say, and asks again five times after a
        `response.failed`, which OpenAI sends for a limit met behind the head of a stream."""
        return status == 429 and client.startswith(_CODEX)


def _with_wait(answer: ErrorAnswer, code: str) -> str:
    """The message, with the time to wait as Codex reads it out of a message."""
    wait = answer.retry_after
    if code != _LIMIT or wait is None or wait > _LONGEST_TOLD:
        return answer.message
    if "try again in" in answer.message.lower():
        return answer.message
    return f"{answer.message} Please try again in {max(1, ceil(wait))}s."


def _begun(request_id: str) -> Iterator[Mapping[str, Any]]:
    yield {"type": "response.created", "response": _empty(request_id)}


def _empty(request_id: str) -> dict[str, Any]:
    """A Response of which nothing is known but its request."""
    return {
        "id": f"resp_{request_id}",
        "object": "response",
        "created_at": int(time.time()),
        "model": "",
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "output": [],
        "parallel_tool_calls": True,
        "temperature": None,
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
        "usage": None,
    }


RESPONSES: Final = ResponsesProtocol()
