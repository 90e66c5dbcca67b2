"""Paths below `/v1` that this service does not have."""

from __future__ import annotations

from inference.edge import response_headers
from inference.edge.answer_writer import AnswerWriter
from inference.edge.consumer import LeanHttpConsumer
from inference.protocols import spoken
from inference.values.error_answer import ErrorAnswer


class UnknownPathConsumer(LeanHttpConsumer):
    """404 that says what there is."""

    def on_head(self) -> ErrorAnswer:
        headers = dict(self.scope["headers"])
        request_id = response_headers.request_id(headers.get(b"x-request-id"))
        self.writer = AnswerWriter(self.base_send, spoken(headers), request_id)
        return ErrorAnswer(
            404,
            f"There is no {self.scope['path']} here. Chat is at /v1/chat/completions, "
            "/v1/messages and /v1/responses, the models at /v1/models.",
            "unknown_path",
        )
