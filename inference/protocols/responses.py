"""OpenAI's Responses API as callers see it: as the chat API, but for errors inside a stream."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from inference.protocols.openai import OpenAIProtocol
from inference.protocols.sse import encode
from inference.values.error_answer import ErrorAnswer

_CODES: Final = {
    429: "rate_limit_exceeded",
    503: "server_is_overloaded",
    529: "server_is_overloaded",
}
"""Codes that clients act upon, for errors that bring none."""


class ResponsesProtocol(OpenAIProtocol):
    """OpenAI's shapes with the numbered events of the Responses API."""

    def error_event(self, answer: ErrorAnswer, request_id: str) -> bytes:
        """The API's `error` event and then `response.failed`, which is terminal.

        The SDK raises on a truthy `error` inside the first, and only hands on an event that has
        none; others, Codex among them, know a broken answer by the second alone.
        """
        inside = msgspec.json.decode(self.error_body(answer, request_id))["error"]
        if not isinstance(inside["code"], str):
            inside["code"] = _CODES.get(answer.status, "server_error")
        told = {"code": inside["code"], "message": answer.message}
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
