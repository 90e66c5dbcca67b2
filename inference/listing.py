"""`GET /v1/models`: the virtual models and the real ones a key may use."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import msgspec

from governance.routing.names import listed_models
from governance.routing.table import RoutingTable
from inference import heads
from inference.admission import admit
from inference.answering import AnsweringConsumer
from inference.problem import Problem
from inference.protocols import anthropic, openai

_HEADERS: Final = frozenset({b"authorization", b"x-api-key", b"x-request-id", b"anthropic-version"})


class ListingConsumer(AnsweringConsumer):
    """The list in the shape of the asking protocol: Anthropic's callers send its version."""

    def __init__(
        self,
        *,
        table: Callable[[], RoutingTable],
        require_key: bool,
        body_limit: int,
    ) -> None:
        super().__init__(protocol=openai, body_limit=body_limit)
        self.table = table
        self.require_key = require_key

    async def handle(self, body: bytes) -> None:
        headers = {name: value for name, value in self.scope["headers"] if name in _HEADERS}
        self.request_id = heads.request_id(headers.get(b"x-request-id"))
        if b"anthropic-version" in headers:
            self.protocol = anthropic
        table = self.table()
        admitted = admit(headers, table, required=self.require_key, now=time.time())
        if self.scope["method"] not in ("GET", "HEAD"):
            admitted = Problem(405, "/v1/models answers GET only.", "method_not_allowed")
        if isinstance(admitted, Problem):
            await self.refuse(admitted)
            return
        listed = msgspec.json.encode(self.protocol.models(listed_models(table, admitted)))
        own = [heads.JSON, (b"x-request-id", self.request_id.encode())]
        await self.respond(200, own, listed)
