"""`/v1/responses/{id}` and what is below it: answered by whoever holds the response."""

from __future__ import annotations

import asyncio
import re
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlencode

from governance.routing.table import ProviderEntry, RoutingTable
from inference.dispatch.attempt import failure_of
from inference.dispatch.holders import holder_of
from inference.dispatch.reading import ANSWER_LIMIT, media_type_of, refusal
from inference.dispatch.seals import seal_for
from inference.edge import response_headers
from inference.edge.answer_writer import AnswerWriter
from inference.edge.consumer import method_not_allowed
from inference.edge.keyed_consumer import KeyedConsumer
from inference.edge.own_responses import Own, answer
from inference.edge.request_headers import read_headers
from inference.protocols import RESPONSES
from inference.translate.base import EVENT_STREAM
from inference.translate.responses.kept import KeptStream, sealed_answer
from inference.translate.responses.passthrough import ResponsesPassThrough
from inference.upstream import Reply, client_of
from inference.upstream.backend import backend_of
from inference.upstream.provider_request import send
from inference.values.error_answer import ErrorAnswer, after_failure, in_stream
from inference.values.failures import AttemptFailed, Failure, Outcome
from inference.values.kept_answer import Keeper
from inference.values.seal import GATEWAY, Seal

PATH: Final = "/v1/responses"
_PLACE: Final = re.compile(r"/v1/responses/(?P<id>[^/]{1,400})(?:/(?P<rest>cancel|input_items))?")
_METHODS: Final = {None: ("GET", "DELETE"), "cancel": ("POST",), "input_items": ("GET",)}
_QUERY: Final = frozenset(
    {"after", "include", "include[]", "include_obfuscation", "limit", "order", "starting_after",
     "stream"}
)  # fmt: skip
_STREAM: Final = ("stream", "true")


class Held(NamedTuple):
    """Where a response is."""

    seal: Seal
    provider: ProviderEntry
    id: str
    """As the provider gave it."""
    rest: str
    """What stands behind the id in the path."""
    query: tuple[tuple[str, str], ...]

    @property
    def path(self) -> str:
        """Below the provider's base URL."""
        query = f"?{urlencode(self.query)}" if self.query else ""
        return f"/responses/{self.id}{self.rest}{query}"


class KeptResponseConsumer(KeyedConsumer):
    """Fetches, deletes and cancels what the same key has made before."""

    methods = ("GET", "DELETE", "POST")

    def __init__(self, *, keeper: Keeper | None = None, **common: Any) -> None:
        super().__init__(**common)
        self.keeper = keeper

    def on_head(self) -> ErrorAnswer | None:
        self.headers = headers = read_headers(self.scope["headers"])
        request_id = response_headers.request_id(headers.get(b"x-request-id"))
        self.writer = AnswerWriter(self.base_send, RESPONSES, request_id)
        unknown = self.identify(headers)
        if unknown is not None:
            return unknown
        place = _PLACE.fullmatch(self.scope["path"].rstrip("/"))
        if place is None:
            return _gone()
        held = self._held(self._served, place["id"], place["rest"] or "")
        if held is None:
            return _gone()
        methods = _METHODS[place["rest"]]
        if self.scope["method"] not in methods:
            return method_not_allowed(f"{PATH}/{{id}}{held.rest}", *methods)
        self._place = held
        return None

    def _held(self, table: RoutingTable, sealed: str, rest: str) -> Held | Own | None:
        """None for an id that this key was not given, or whose holder it may not reach."""
        rest = f"/{rest}" if rest else ""
        query = self.scope.get("query_string", b"")
        own = seal_for(self._key, GATEWAY).open(sealed)
        if own is not None:
            method, stream = self.scope["method"], _STREAM in parse_qsl(query.decode("latin-1"))
            key, keeper = self._key.id, self.keeper
            return Own(keeper, key, own, sealed, method, rest, stream) if keeper else None
        holder = holder_of(table, self._key, sealed)
        travels = _query(query, holder.seal) if holder is not None else None
        return Held(*holder, rest, travels) if holder is not None and travels is not None else None

    async def handle(self, body: bytes) -> None:
        held = self._place
        if isinstance(held, Own):
            error = await answer(held, self.writer)
            if error is not None:
                await self.writer.refuse(_gone() if error.status == 404 else error)
            return
        try:
            async with asyncio.timeout(held.provider.total_timeout):
                await self._ask(held)
        except TimeoutError:
            late = ErrorAnswer(504, "The provider did not answer in time.", "total_timeout")
            await self.writer.refuse(late)
        except AttemptFailed as failed:
            await self._tell(held, failed.failure)
        except Exception as error:
            failure = failure_of(error)
            if failure is None:
                raise
            await self._tell(held, failure)

    async def _ask(self, held: Held) -> None:
        backend = backend_of(held.provider)
        stream = _STREAM in held.query
        reply = await send(
            client_of(self.loop),
            backend,
            self.scope["method"].encode(),
            held.path,
            b"",
            caller=self.headers,
            stream=stream,
            connect_timeout=held.provider.connect_timeout,
        )
        if not 200 <= reply.status < 300:
            raise AttemptFailed(await refusal(reply, backend.kind.failure_words))
        kind = media_type_of(reply, EVENT_STREAM if stream else "application/json")
        if kind.startswith(EVENT_STREAM):
            await self._relay(held, reply)
            return
        told = sealed_answer(await reply.read_all(ANSWER_LIMIT), held.seal)
        await self.writer.respond(200, [response_headers.JSON, *self._own(held)], told)

    async def _relay(self, held: Held, reply: Reply) -> None:
        stream = KeptStream(held.seal)
        await self.writer.head(200, [*response_headers.stream(EVENT_STREAM), *self._own(held)])
        try:
            while not stream.finished:
                chunk = await reply.read()
                out = stream.feed(chunk) if chunk else stream.end()
                if stream.failure is not None:
                    raise AttemptFailed(stream.failure)
                if out:
                    await self.writer.chunk(out)
        finally:
            reply.abort()
        await self.writer.last(b"")

    def _own(self, held: Held) -> response_headers.Headers:
        return [
            (b"x-request-id", self.writer.request_id.encode()),
            (b"x-pointsman-provider", response_headers.header_value(held.provider.name)),
        ]

    async def _tell(self, held: Held, failure: Failure) -> None:
        """What the provider says of it; about the gateway's own credentials nothing."""
        said = ResponsesPassThrough().error(failure)
        if said is not None:
            said = backend_of(held.provider).redacted(said)
        if self.writer.started:
            await self.writer.refuse(in_stream(failure, said))
            return
        if failure.upstream_status == 404:
            await self.writer.refuse(_gone())
            return
        callers = failure.outcome is Outcome.CALLERS_FAULT
        await self.writer.refuse(after_failure(failure, (), said, callers=callers))


def _query(raw: bytes, seal: Seal) -> tuple[tuple[str, str], ...] | None:
    """The parameters that travel; None where one refers to what this key was not given."""
    found = []
    for name, value in parse_qsl(raw.decode("latin-1")):
        if name == "after":
            own = seal.open(value)
            if own is None:
                return None
            value = own
        if name in _QUERY:
            found.append((name, value))
    return tuple(found)


def _gone() -> ErrorAnswer:
    return ErrorAnswer(
        404,
        "There is no such response that this key was given. Answers are kept where the provider "
        "itself speaks the Responses API, or where the request says `store: true`; else send "
        "`store: false`, and the whole conversation in `input`.",
        "not_found",
    )
