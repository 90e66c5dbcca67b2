"""Paths below `/v1` that this service does not have."""

from __future__ import annotations

from inference.edge import response_headers
from inference.edge.answering import AnsweringConsumer
from inference.edge.problem import Problem
from inference.protocols import spoken


class UnknownPathConsumer(AnsweringConsumer):
    """404 that says what there is."""

    async def handle(self, body: bytes) -> None:
        headers = dict(self.scope["headers"])
        self.request_id = response_headers.request_id(headers.get(b"x-request-id"))
        self.protocol = spoken(headers)
        await self.refuse(
            Problem(
                404,
                f"There is no {self.scope['path']} here. Chat is at /v1/chat/completions, "
                "/v1/messages and /v1/responses, the models at /v1/models.",
                "unknown_path",
            )
        )
