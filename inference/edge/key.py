"""`GET /v1/key`: what the asking key may use, has used, and when it is counted afresh."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import Any, Final

import msgspec

from governance.limits.counting.binding import Who
from governance.limits.counting.counter import Counter
from governance.routing.table import RoutingTable, VirtualKey
from inference.dispatch.limit_answers import document_of
from inference.dispatch.request_limits import Limiting
from inference.edge import response_headers
from inference.edge.keyed_consumer import TableConsumer

PATH: Final = "/v1/key"


class KeyConsumer(TableConsumer):
    """Tells a caller of the limits that are their own: not how much everybody uses."""

    path = PATH

    def __init__(self, *, limiting: Limiting, **common: Any) -> None:
        super().__init__(**common)
        self.limiting = limiting

    async def handle(self, body: bytes) -> None:
        own = [response_headers.JSON, (b"x-request-id", self.writer.request_id.encode())]
        document = {
            "key": described(self._key, self._served),
            "limits": [document_of(one) for one in self._counters()],
        }
        await self.writer.respond(200, own, msgspec.json.encode(document))

    def _counters(self) -> Iterator[Counter]:
        table, key, now = self._served, self._key, self.limiting.clock()
        groups = table.groups_of(key)
        who = Who(key.id, groups, key.profile)
        if not key.id or not table.limits:
            return
        for one in self.limiting.book.of_request(table.limits, who, now).exact(now):
            limit = one.limit
            shared = limit.subject_type in ("everything", "profile") and limit.each != "key"
            if shared or limit.each == "session":
                continue
            if now >= one.due:
                one.turn(now)
            yield one


def described(key: VirtualKey, table: RoutingTable) -> dict[str, Any]:
    group = table.groups.get(key.group)
    return {
        "id": key.id,
        "name": key.name,
        "group": None if group is None else group.name,
        "owner": key.owner or None,
        "expires_at": None
        if key.expires_at is None or not isfinite(key.expires_at)
        else response_headers.moment(key.expires_at),
    }
