"""`GET /v1/files`, `/v1/batches` and `/v1/messages/batches`: what the same key has made.

The providers' own lists hold what all keys have made, so the gateway notes what it hands out. What
changes is asked for anew.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl

import msgspec

from governance.routing.table import ProviderEntry, RoutingTable
from inference.dispatch.attempt import failure_of
from inference.dispatch.holders import Holder, holder_of, is_reachable
from inference.dispatch.seals import seal_for
from inference.edge import response_headers
from inference.edge.answer_writer import AnswerWriter
from inference.edge.asking_holders import asked, document_from
from inference.edge.consumer import method_not_allowed
from inference.edge.held_objects import book
from inference.edge.keyed_consumer import KeyedConsumer
from inference.edge.request_headers import read_headers
from inference.protocols import ANTHROPIC, spoken
from inference.translate.json_errors import BROKEN_JSON
from inference.translate.shelves import (
    FILE_BATCHES,
    FILES,
    MESSAGE_BATCHES,
    MESSAGE_FILES,
    Shelf,
    document_of,
)
from inference.values.error_answer import ErrorAnswer
from inference.values.held_object import HeldBook, HeldBookAway, HeldPage, HeldRow

MOST: Final = 100
"""Of a page, where each is asked for."""
MOST_KNOWN: Final = 1000
"""Of a page, where they are known."""
USUAL: Final = 20
AT_A_TIME: Final = 8
PAGE: Final = "page_"
"""How Anthropic's cursors begin; here the id of the last object follows."""
PATIENCE: Final = 20.0
"""Seconds for all of a page; what takes longer is told as it was last known."""
_AWAY: Final = ErrorAnswer(
    503, "The list cannot be read at the moment.", "list_unavailable", retry_after=1
)


class _Query(NamedTuple):
    limit: int
    beside: str
    """The provider's own id of the object beside the page; empty for none."""
    newer: bool
    oldest_first: bool
    purpose: str
    ids: tuple[str, ...]
    """Nothing but these; empty for all."""


class HeldListConsumer(KeyedConsumer):
    """A page of them, the latest first."""

    methods = ("GET", "POST")

    def __init__(self, *, held: HeldBook | None = None, **common: Any) -> None:
        super().__init__(**common)
        self.held = held

    def on_head(self) -> ErrorAnswer | None:
        self.headers = headers = read_headers(self.scope["headers"])
        request_id = response_headers.request_id(headers.get(b"x-request-id"))
        path = self.scope["path"].rstrip("/")
        self._shelf = shelf = _shelf(path, anthropic=spoken(headers) is ANTHROPIC)
        protocol = ANTHROPIC if shelf.is_anthropics else spoken(headers)
        self.writer = AnswerWriter(self.base_send, protocol, request_id)
        unknown = self.identify(headers)
        if unknown is not None:
            return unknown
        if self.scope["method"] != "GET":
            return method_not_allowed(path, *self.methods)
        query = self._query(self._served)
        if isinstance(query, ErrorAnswer):
            return query
        self._asked = query
        return None

    def _query(self, table: RoutingTable) -> _Query | ErrorAnswer:
        pairs = parse_qsl(self.scope.get("query_string", b"").decode("latin-1"))
        given, shelf = dict(pairs), self._shelf
        most = MOST_KNOWN if shelf.lasts else MOST
        told = given.get("limit", str(USUAL))
        if not told.isdecimal() or not int(told[:9]) >= 1:
            return ErrorAnswer(400, "`limit` must be a number from 1 on.", "invalid_request",
                               "limit")  # fmt: skip
        order = given.get("order", "desc")
        if order not in ("asc", "desc"):
            return ErrorAnswer(400, "`order` must be asc or desc.", "invalid_request", "order")
        names = ("after_id", "before_id", "page") if shelf.is_anthropics else ("after",)
        name = next((one for one in names if given.get(one)), "")
        beside = given.get(name, "").removeprefix(PAGE)[:600]
        holder = holder_of(table, self._key, beside) if name else None
        if name and holder is None:
            message = f"`{name}`: there is no such {shelf.noun} that this key was given."
            return ErrorAnswer(404, message, "not_found", name)
        return _Query(
            min(int(told[:9]), most),
            holder.id if holder is not None else "",
            name == "before_id",
            order == "asc" and not shelf.is_anthropics,
            given.get("purpose", ""),
            tuple(value for key, value in pairs if key in ("ids", "ids[]")),
        )

    async def handle(self, body: bytes) -> None:
        page, query = HeldPage([], False), self._asked
        if self.held is not None:
            try:
                page = await self.held.page(
                    self._key.id,
                    self._shelf.name,
                    limit=MOST_KNOWN if query.ids else query.limit,
                    beside=query.beside,
                    newer=query.newer,
                    oldest_first=query.oldest_first,
                )
            except HeldBookAway:
                await self.writer.refuse(_AWAY)
                return
        told = await self._documents(page.rows)
        if query.purpose:
            told = [one for one in told if one.get("purpose") == query.purpose]
        if query.ids:
            told = [one for one in told if one.get("id") in query.ids]
        await self._respond(told, has_more=page.has_more)

    async def _documents(self, rows: list[HeldRow]) -> list[dict[str, Any]]:
        gate = asyncio.Semaphore(AT_A_TIME)
        tasks = [self.loop.create_task(self._document(row, gate)) for row in rows]
        try:
            if tasks:
                await asyncio.wait(tasks, timeout=PATIENCE)
            found = [
                task.result() if task.done() else self._known(row)
                for task, row in zip(tasks, rows, strict=True)
            ]
        finally:
            for task in tasks:
                task.cancel()
        return [one for one in found if one is not None]

    async def _document(self, row: HeldRow, gate: asyncio.Semaphore) -> dict[str, Any] | None:
        """As its provider has it now where that may have changed; None for what is no more."""
        provider = self._reachable(row)
        if provider is None:
            return None
        if self._shelf.lasts and row.document:
            return self._known(row)
        try:
            async with gate:
                path = f"{self._shelf.path}/{row.id}"
                reply = await asked(self.loop, provider, b"GET", path, self.headers)
                document = await document_from(reply)
        except Exception as error:
            failure = failure_of(error)
            if failure is None:
                raise
            return None if failure.upstream_status == 404 else self._known(row)
        seal = seal_for(self._key, provider.name)
        if self._shelf is FILE_BATCHES:
            book(self._key, Holder(seal, provider, row.id), document)
        return self._shelf.sealed(document, seal)

    def _known(self, row: HeldRow) -> dict[str, Any] | None:
        """As it was last known."""
        provider = self._reachable(row)
        try:
            document = document_of(row.document) if row.document else None
        except BROKEN_JSON:
            document = None
        if provider is None or document is None:
            return None
        return self._shelf.sealed(document, seal_for(self._key, provider.name))

    def _reachable(self, row: HeldRow) -> ProviderEntry | None:
        provider = self._served.providers.get(row.provider.casefold())
        if provider is None or not is_reachable(provider, self._key, self._served):
            return None
        return provider

    async def _respond(self, data: list[dict[str, Any]], *, has_more: bool) -> None:
        told: dict[str, Any] = {} if self._shelf.is_anthropics else {"object": "list"}
        told |= {
            "data": data,
            "first_id": data[0].get("id") if data else None,
            "last_id": data[-1].get("id") if data else None,
            "has_more": has_more,
        }
        if self._shelf.is_anthropics:
            told["next_page"] = f"{PAGE}{told['last_id']}" if has_more and data else None
        own = [(b"x-request-id", self.writer.request_id.encode())]
        await self.writer.respond(200, [response_headers.JSON, *own], msgspec.json.encode(told))


def _shelf(path: str, *, anthropic: bool) -> Shelf:
    if path.endswith(MESSAGE_BATCHES.path):
        return MESSAGE_BATCHES
    if path.endswith(FILE_BATCHES.path):
        return FILE_BATCHES
    return MESSAGE_FILES if anthropic else FILES
