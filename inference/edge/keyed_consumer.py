"""What answers the holder of a key from the table in force, and asks no candidates."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Hashable, Mapping
from typing import ClassVar, Final

from governance.routing.table import RoutingTable, VirtualKey
from inference.edge import response_headers
from inference.edge.answer_writer import AnswerWriter
from inference.edge.authentication import Authenticate
from inference.edge.body_budget import BodyBudget
from inference.edge.consumer import LeanHttpConsumer, method_not_allowed
from inference.protocols import CallersProtocol, spoken
from inference.values.error_answer import ErrorAnswer

_HEADERS: Final = frozenset({b"authorization", b"x-api-key", b"x-request-id", b"anthropic-version"})


class KeyedConsumer(LeanHttpConsumer):
    """Whatever every path of `/v1` is given stands here once. `on_head` calls `identify`."""

    _key: VirtualKey
    _served: RoutingTable
    """In force when the head was there."""

    def __init__(
        self,
        *,
        table: Callable[[], RoutingTable],
        authenticate: Authenticate,
        body_limit: int,
        budgets: Callable[[asyncio.AbstractEventLoop], BodyBudget] | None = None,
    ) -> None:
        super().__init__()
        self.table = table
        self.authenticate = authenticate
        self.body_limit = body_limit
        self.budgets = budgets

    def body_owner(self) -> Hashable:
        return self._key.id

    def identify(self, headers: Mapping[bytes, bytes]) -> ErrorAnswer | None:
        """Whose request it is; the refusal where that is nobody."""
        self._served = self.table()
        key = self.authenticate(headers, self._served, time.time(), self.scope)
        if isinstance(key, ErrorAnswer):
            return key
        self._key = key
        return None


class TableConsumer(KeyedConsumer):
    """What only tells of the table, in the protocol of whoever asks."""

    methods = ("GET", "HEAD")
    path: ClassVar[str]
    """As an error names it."""

    protocol: CallersProtocol

    def on_head(self) -> ErrorAnswer | None:
        headers = {name: value for name, value in self.scope["headers"] if name in _HEADERS}
        request_id = response_headers.request_id(headers.get(b"x-request-id"))
        self.protocol = spoken(headers)
        self.writer = AnswerWriter(self.base_send, self.protocol, request_id)
        if self.scope["method"] not in self.methods:
            return method_not_allowed(self.path, *self.methods)
        return self.identify(headers)
