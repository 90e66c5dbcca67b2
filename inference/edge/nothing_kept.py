"""`/v1/responses/{id}`: answers are not kept, so there is none to fetch, delete or cancel."""

from __future__ import annotations

from inference.edge import response_headers
from inference.edge.answer_writer import AnswerWriter
from inference.edge.consumer import LeanHttpConsumer
from inference.protocols import RESPONSES
from inference.values.error_answer import ErrorAnswer


class KeptResponseConsumer(LeanHttpConsumer):
    """404 that says so, whatever is asked about a response."""

    def on_head(self) -> ErrorAnswer:
        headers = dict(self.scope["headers"])
        request_id = response_headers.request_id(headers.get(b"x-request-id"))
        self.writer = AnswerWriter(self.base_send, RESPONSES, request_id)
        return ErrorAnswer(
            404,
            "No response is kept here, so that there is none to fetch, delete or cancel: this "
            "gateway forgets every answer once it is given. Send `store: false`, and the whole "
            "conversation in `input`.",
            "not_found",
        )
