"""What answers the holder of a key from the table in force, and asks no candidates."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable

from governance.routing.table import RoutingTable, VirtualKey
from inference.edge.authentication import Authenticate
from inference.edge.body_budget import BodyBudget
from inference.edge.consumer import LeanHttpConsumer


class KeyedConsumer(LeanHttpConsumer):
    """Whatever every path of `/v1` is given stands here once. `on_head` sets `_key`."""

    _key: VirtualKey

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
