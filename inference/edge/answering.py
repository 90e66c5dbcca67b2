"""Writing to the caller: heads, chunks, and errors in the caller's protocol."""

from __future__ import annotations

import structlog

from inference.edge import response_headers
from inference.edge.consumer import LeanHttpConsumer
from inference.edge.problem import Problem
from inference.protocols import CallersProtocol

log = structlog.get_logger("pointsman.answer")


class AnsweringConsumer(LeanHttpConsumer):
    """A consumer that answers in a protocol, errors included."""

    def __init__(
        self, *, protocol: CallersProtocol, body_limit: int = LeanHttpConsumer.body_limit
    ) -> None:
        super().__init__()
        self.protocol = protocol
        self.body_limit = body_limit
        self.request_id = ""
        self.started_answer = False

    async def refuse(
        self, problem: Problem, headers: response_headers.Headers | None = None
    ) -> None:
        """Answers with an error; in a stream that has begun, with the protocol's error event."""
        if self.started_answer:
            await self.last(self.protocol.error_event(problem, self.request_id))
            return
        if headers is None:
            headers = [(b"x-request-id", self.request_id.encode())]
        headers += response_headers.retry_after(problem.retry_after)
        if problem.status == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        body = self.protocol.error_body(problem, self.request_id)
        await self.respond(self.status(problem), [response_headers.JSON, *headers], body)

    def status(self, problem: Problem) -> int:
        """The problem's status, as the caller's protocol knows it."""
        return self.protocol.STATUSES.get(problem.status, problem.status)

    async def respond(self, status: int, headers: response_headers.Headers, body: bytes) -> None:
        """A complete answer."""
        headers.append((b"content-length", str(len(body)).encode()))
        await self.head(status, headers)
        await self.last(body)

    async def head(self, status: int, headers: response_headers.Headers) -> None:
        self.started_answer = True
        headers.extend(self.protocol.own_headers(self.request_id))
        await self.base_send({"type": "http.response.start", "status": status, "headers": headers})

    async def chunk(self, body: bytes) -> None:
        await self.base_send({"type": "http.response.body", "body": body, "more_body": True})

    async def last(self, body: bytes) -> None:
        self.stop_watching()
        await self.base_send({"type": "http.response.body", "body": body, "more_body": False})

    async def too_large(self) -> None:
        limit = self.body_limit // (1024 * 1024)
        await self.refuse(
            Problem(413, f"The body is larger than {limit} MiB, the limit.", "request_too_large")
        )

    async def crashed(self, error: Exception) -> None:
        log.error("request_crashed", request_id=self.request_id, exc_info=error)
        await self.refuse(
            Problem(500, "The gateway met an error of its own; see its log.", "internal_error")
        )
