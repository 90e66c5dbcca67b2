"""Paths below `/v1` that this service does not have."""

from __future__ import annotations

from inference import heads
from inference.answering import AnsweringConsumer
from inference.problem import Problem


class UnknownPathConsumer(AnsweringConsumer):
    """404 that says what there is."""

    async def handle(self, body: bytes) -> None:
        self.request_id = heads.request_id(dict(self.scope["headers"]).get(b"x-request-id"))
        await self.refuse(
            Problem(
                404,
                f"There is no {self.scope['path']} here. Chat is at /v1/chat/completions, "
                "the models at /v1/models.",
                "unknown_path",
            )
        )
