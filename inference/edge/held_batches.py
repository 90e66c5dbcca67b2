"""`/v1/messages/batches/{id}` and what is below it: answered by the provider that holds the batch.

The results pass as they come, and are counted on their way: what the batch used is booked when
they were read to their end.
"""

from __future__ import annotations

import asyncio
import re
import time
from typing import Final

from inference.dispatch.attempt import failure_of
from inference.dispatch.reading import ANSWER_LIMIT, media_type_of, refusal
from inference.edge import response_headers
from inference.edge.answer_writer import AnswerWriter
from inference.edge.consumer import method_not_allowed
from inference.edge.holders import Holder, holder_of
from inference.edge.inference_consumer import read_headers
from inference.edge.keyed_consumer import KeyedConsumer
from inference.protocols import ANTHROPIC
from inference.record import record
from inference.record.booking import booking
from inference.translate.batch_usage import BatchUsage, of_message
from inference.translate.json_errors import BROKEN_JSON
from inference.translate.messages.batches import PATH, MessageBatches, sealed_batch
from inference.upstream import Reply, client_of
from inference.upstream.backend import backend_of
from inference.upstream.provider_request import send
from inference.values.error_answer import ErrorAnswer, after_failure
from inference.values.failures import AttemptFailed, Failure, Outcome, broken

_PLACE: Final = re.compile(
    r"/v1/messages/batches/(?P<id>[^/]{1,400})(?P<rest>/(?:cancel|results))?"
)
_METHODS: Final = {None: ("GET", "DELETE"), "/cancel": ("POST",), "/results": ("GET",)}


class HeldBatchConsumer(KeyedConsumer):
    """Fetches, cancels and deletes batches of the same key, and reads their results."""

    methods = ("GET", "DELETE", "POST")

    def on_head(self) -> ErrorAnswer | None:
        self.headers = headers = read_headers(self.scope["headers"])
        request_id = response_headers.request_id(headers.get(b"x-request-id"))
        self.writer = AnswerWriter(self.base_send, ANTHROPIC, request_id)
        table = self.table()
        key = self.authenticate(headers, table, time.time(), self.scope)
        if isinstance(key, ErrorAnswer):
            return key
        place = _PLACE.fullmatch(self.scope["path"].rstrip("/"))
        holder = holder_of(table, key, place["id"]) if place is not None else None
        if place is None or holder is None:
            return _gone()
        methods = _METHODS[place["rest"]]
        self._rest = place["rest"] or ""
        if self.scope["method"] not in methods:
            return method_not_allowed(f"/v1{PATH}/{{id}}{self._rest}", *methods)
        self._key, self._holder = key, holder
        return None

    async def handle(self, body: bytes) -> None:
        holder = self._holder
        try:
            async with asyncio.timeout(holder.provider.total_timeout):
                await self._ask(holder)
        except TimeoutError:
            late = broken("total_timeout", "The provider did not answer in time.", 504)
            await self._tell(holder, late)
        except AttemptFailed as failed:
            await self._tell(holder, failed.failure)
        except Exception as error:
            failure = failure_of(error)
            if failure is None:
                raise
            await self._tell(holder, failure)

    async def _ask(self, holder: Holder) -> None:
        backend = backend_of(holder.provider)
        reply = await send(
            client_of(self.loop),
            backend,
            self.scope["method"].encode(),
            f"{PATH}/{holder.id}{self._rest}",
            b"",
            caller=self.headers,
            stream=False,
            connect_timeout=holder.provider.connect_timeout,
        )
        if not 200 <= reply.status < 300:
            raise AttemptFailed(await refusal(reply, backend.kind.failure_words))
        if self._rest == "/results":
            await self._relay(holder, reply)
            return
        try:
            told = sealed_batch(await reply.read_all(ANSWER_LIMIT), holder.seal)
        except BROKEN_JSON:
            message = "The provider sent something that is not valid JSON."
            raise AttemptFailed(broken("malformed", message)) from None
        await self.writer.respond(200, [response_headers.JSON, *self._own(holder)], told)

    async def _relay(self, holder: Holder, reply: Reply) -> None:
        """Each piece leaves before the next is read; the end leaves when all is booked."""
        counted = BatchUsage(of_message)
        kind = media_type_of(reply, "application/x-jsonl").encode("latin-1")
        try:
            await self.writer.head(200, [(b"content-type", kind), *self._own(holder)])
            while chunk := await reply.read():
                counted.feed(chunk)
                await self.writer.chunk(chunk)
        finally:
            # Where it has ended nothing is lost by that but the connection's reuse.
            reply.abort()
        usage = counted.end()
        if usage is not None:
            record.keep(
                booking(self._key, holder.provider, holder.id, ANTHROPIC.name, counted.model, usage)
            )
        await self.writer.last(b"")

    def _own(self, holder: Holder) -> response_headers.Headers:
        return [
            (b"x-request-id", self.writer.request_id.encode()),
            (b"x-pointsman-provider", response_headers.header_value(holder.provider.name)),
        ]

    async def _tell(self, holder: Holder, failure: Failure) -> None:
        """What the provider says of it; about the gateway's own credentials nothing."""
        if self.writer.started:
            # Results have no form for an error: they stay without their end.
            return
        if failure.upstream_status == 404:
            await self.writer.refuse(_gone())
            return
        said = MessageBatches().error(failure)
        if said is not None:
            said = backend_of(holder.provider).redacted(said)
        callers = failure.outcome is Outcome.CALLERS_FAULT
        await self.writer.refuse(after_failure(failure, (), said, callers=callers))


def _gone() -> ErrorAnswer:
    return ErrorAnswer(404, "There is no such batch that this key was given.", "not_found")
