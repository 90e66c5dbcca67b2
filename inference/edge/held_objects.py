"""What is below `/v1/files/{id}` and `/v1/batches/{id}`: answered by the provider that holds it.

Contents and results pass as they come, and are counted on their way: what a batch used is booked
when they were read to their end.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any, Final, NamedTuple

import msgspec

from governance.kinds import kind_named
from governance.routing.table import RoutingTable
from inference.dispatch.attempt import failure_of
from inference.dispatch.holders import Holder, holder_of
from inference.dispatch.reading import media_type_of
from inference.edge import response_headers
from inference.edge.answer_writer import AnswerWriter
from inference.edge.asking_holders import asked, document_from
from inference.edge.consumer import method_not_allowed
from inference.edge.keyed_consumer import KeyedConsumer
from inference.edge.request_headers import read_headers
from inference.protocols import ANTHROPIC, OPENAI, spoken
from inference.record import record
from inference.record.booking import booking
from inference.translate.batch_usage import BatchUsage, of_file_batch
from inference.translate.making_held import MakingHeld
from inference.translate.shelves import FILE_BATCHES, FILES, SHELVES, Shelf
from inference.upstream import Reply
from inference.upstream.backend import backend_of
from inference.values.error_answer import ErrorAnswer, after_failure
from inference.values.failures import AttemptFailed, Failure, Outcome, broken
from inference.values.held_object import HeldBook, HeldObject

_PATHS: Final = "|".join(dict.fromkeys(re.escape(shelf.path) for shelf in SHELVES))
_RESTS: Final = "|".join({re.escape(rest) for shelf in SHELVES for rest in shelf.methods if rest})
_PLACE: Final = re.compile(rf"/v1(?P<path>{_PATHS})/(?P<id>[^/]{{1,500}})(?P<rest>{_RESTS})?")


class HeldPlace(NamedTuple):
    """What is asked for."""

    shelf: Shelf
    holder: Holder
    rest: str

    @property
    def path(self) -> str:
        """Below the provider's base URL."""
        return f"{self.shelf.path}/{self.holder.id}{self.rest}"


class HeldObjectConsumer(KeyedConsumer):
    """Tells, cancels and deletes what the same key has made before, and reads its contents."""

    methods = ("GET", "DELETE", "POST")

    def __init__(self, *, held: HeldBook | None = None, **common: Any) -> None:
        super().__init__(**common)
        self.held = held

    def on_head(self) -> ErrorAnswer | None:
        self.headers = headers = read_headers(self.scope["headers"])
        request_id = response_headers.request_id(headers.get(b"x-request-id"))
        path = self.scope["path"].rstrip("/")
        protocol = ANTHROPIC if path.startswith("/v1/messages/") else spoken(headers)
        self.writer = AnswerWriter(self.base_send, protocol, request_id)
        unknown = self.identify(headers)
        if unknown is not None:
            return unknown
        place = self._found(self._served, path)
        if place is None:
            return _gone(path)
        methods = place.shelf.methods[place.rest]
        if self.scope["method"] not in methods:
            return method_not_allowed(f"/v1{place.shelf.path}/{{id}}{place.rest}", *methods)
        self._place = place
        return None

    def _found(self, table: RoutingTable, path: str) -> HeldPlace | None:
        match = _PLACE.fullmatch(path)
        holder = holder_of(table, self._key, match["id"]) if match is not None else None
        if match is None or holder is None:
            return None
        kind, rest = kind_named(holder.provider.kind), match["rest"] or ""
        for shelf in SHELVES:
            there = kind is not None and shelf.name in kind.holds
            if there and shelf.path == match["path"] and rest in shelf.methods:
                return HeldPlace(shelf, holder, rest)
        return None

    async def handle(self, body: bytes) -> None:
        provider = self._place.holder.provider
        try:
            async with asyncio.timeout(provider.total_timeout):
                await self._answer(self._place)
        except TimeoutError:
            late = broken("total_timeout", "The provider did not answer in time.", 504)
            await self._tell(late)
        except AttemptFailed as failed:
            await self._tell(failed.failure)
        except Exception as error:
            failure = failure_of(error)
            if failure is None:
                raise
            await self._tell(failure)

    async def _answer(self, place: HeldPlace) -> None:
        shelf, holder = place.shelf, place.holder
        method = self.scope["method"].encode()
        reply = await asked(self.loop, holder.provider, method, place.path, self.headers)
        if shelf.contents and place.rest == shelf.contents:
            await self._relay(place, reply)
            return
        document = await document_from(reply)
        if method == b"DELETE":
            if self.held is not None:
                await self.held.forget(self._key.id, holder.provider.name, holder.id)
        elif shelf is FILE_BATCHES:
            await self._made(holder, document)
        told = msgspec.json.encode(shelf.sealed(document, holder.seal))
        await self.writer.respond(200, [response_headers.JSON, *self._own()], told)

    async def _made(self, holder: Holder, document: dict[str, Any]) -> None:
        """What a batch has made by now: files, which are its key's, and costs."""
        for name in ("output_file_id", "error_file_id"):
            made = document.get(name)
            if isinstance(made, str) and made and self.held is not None:
                held = HeldObject(FILES.name, made)
                await self.held.note(self._key.id, holder.provider.name, held)
        book(self._key, holder, document)

    async def _relay(self, place: HeldPlace, reply: Reply) -> None:
        """Each piece leaves before the next is read; the end leaves when all is booked."""
        shelf, holder = place.shelf, place.holder
        counted = BatchUsage(shelf.usage) if shelf.usage is not None else None
        kind = media_type_of(reply, "application/octet-stream").encode("latin-1")
        passed = [(n, v) for n, v in reply.headers if n in (b"content-disposition",)]
        try:
            await self.writer.head(200, [(b"content-type", kind), *passed, *self._own()])
            while chunk := await reply.read():
                if counted is not None:
                    counted.feed(chunk)
                await self.writer.chunk(chunk)
        finally:
            # Where it has ended nothing is lost by that but the connection's reuse.
            reply.abort()
        usage = counted.end() if counted is not None else None
        if counted is not None and usage is not None:
            protocol = self.writer.protocol.name
            record.keep(
                booking(self._key, holder.provider, holder.id, protocol, counted.model, usage)
            )
        await self.writer.last(b"")

    def _own(self) -> response_headers.Headers:
        name = self._place.holder.provider.name
        return [
            (b"x-request-id", self.writer.request_id.encode()),
            (b"x-pointsman-provider", response_headers.header_value(name)),
        ]

    async def _tell(self, failure: Failure) -> None:
        """What the provider says of it; about the gateway's own credentials nothing."""
        if self.writer.started:
            # Contents have no form for an error: they stay without their end.
            return
        if failure.upstream_status == 404:
            await self.writer.refuse(_gone(f"/v1{self._place.path}"))
            return
        said = MakingHeld(self._place.shelf).error(failure)
        if said is not None:
            said = backend_of(self._place.holder.provider).redacted(said)
        callers = failure.outcome is Outcome.CALLERS_FAULT
        await self.writer.refuse(after_failure(failure, (), said, callers=callers))


def book(key: Any, holder: Holder, document: dict[str, Any]) -> None:
    """What a finished batch used, under the file of its results: who reads that counts the same."""
    usage, results = of_file_batch(document), document.get("output_file_id")
    if usage is not None and isinstance(results, str) and results:
        model = document.get("model")
        name = model if isinstance(model, str) else ""
        record.keep(booking(key, holder.provider, results, OPENAI.name, name, usage))


def _gone(path: str) -> ErrorAnswer:
    noun = "file" if path.startswith("/v1/files") else "batch"
    return ErrorAnswer(404, f"There is no such {noun} that this key was given.", "not_found")
