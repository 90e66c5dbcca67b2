"""A request that is refused for what its head is, before it reaches whom it was meant for."""

from __future__ import annotations

from inference.edge import response_headers
from inference.edge.answer_writer import AnswerWriter
from inference.edge.consumer import LeanHttpConsumer
from inference.protocols import ANTHROPIC, RESPONSES, CallersProtocol, spoken
from inference.values.error_answer import ErrorAnswer


class RefusingConsumer(LeanHttpConsumer):
    """Answers every request with the same error, in the form its caller reads."""

    def __init__(self, *, answer: ErrorAnswer) -> None:
        super().__init__()
        self.answer = answer

    def on_head(self) -> ErrorAnswer:
        headers = dict(self.scope["headers"])
        request_id = response_headers.request_id(headers.get(b"x-request-id"))
        self.writer = AnswerWriter(self.base_send, self._protocol(headers), request_id)
        return self.answer

    def _protocol(self, headers: dict[bytes, bytes]) -> CallersProtocol:
        path: str = self.scope["path"]
        if path.startswith("/v1/messages"):
            return ANTHROPIC
        return RESPONSES if path.startswith("/v1/responses") else spoken(headers)
