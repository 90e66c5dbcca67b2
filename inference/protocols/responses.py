"""OpenAI's Responses API as callers see it: as the chat API, but for errors inside a stream."""

from __future__ import annotations

from typing import Final

import msgspec

from inference.protocols.openai import OpenAIProtocol
from inference.protocols.sse import encode
from inference.values.error_answer import ErrorAnswer


class ResponsesProtocol(OpenAIProtocol):
    """OpenAI's shapes with the numbered events of the Responses API."""

    def error_event(self, answer: ErrorAnswer, request_id: str) -> bytes:
        """The API's `error` event; no `response.completed` comes after it.

        The SDK raises on a truthy `error` inside, and only hands on an event that has none.
        """
        inside = msgspec.json.decode(self.error_body(answer, request_id))["error"]
        event = {
            "type": "error",
            "code": inside["code"],
            "message": answer.message,
            "param": inside["param"],
            "sequence_number": answer.sequence,
            "error": inside,
        }
        return encode(msgspec.json.encode(event), b"error")


RESPONSES: Final = ResponsesProtocol()
