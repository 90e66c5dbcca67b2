"""One request of the playground on its way, told as a stream of events.

It is carried by the same consumer as live traffic, inside this process, so no key is needed and
none ever reaches the page.
"""

from __future__ import annotations

import asyncio
import codecs
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import structlog
from django.conf import settings

from gateway.server import health_book
from gateway.server.in_flight import counted
from gateway.server.limiting import limiting
from governance import snapshot
from governance.interactions.record import Usage
from governance.prices import price_list_of, seller_of
from governance.routing.explain import explain
from governance.routing.plan import Plan
from governance.routing.table import VirtualKey
from inference.edge.asgi import Message
from inference.edge.inference_consumer import InferenceConsumer
from inference.endpoints.endpoint import Endpoint
from inference.record.content import ContentObserver
from inference.record.observer import Observer
from inference.record.record import RequestContext

log = structlog.get_logger("pointsman.playground")

PENDING: Final = 64
"""Events that may wait for a slow browser before the upstream is held back."""
ANTHROPIC_VERSION: Final = b"2023-06-01"

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sending:
    """What the operator sends, and as whom."""

    endpoint: Endpoint
    body: bytes
    key: VirtualKey


async def carry(sending: Sending) -> AsyncGenerator[bytes, None]:
    """The events of one request, a JSON object a line, each with its milliseconds in `at`.

    `decision`, `head`, `data` as often as bytes come, an `attempt` for each candidate tried, `end`.
    Closing the iterator cancels the request as a caller's leaving would.
    """
    exchange = _Exchange(sending)
    carrying = asyncio.create_task(exchange.run())
    try:
        while (event := await exchange.events.get()) is not None:
            yield msgspec.json.encode(event) + b"\n"
    finally:
        carrying.cancel()
        with suppress(asyncio.CancelledError):
            await carrying


class _Exchange:
    """Plays the server to the consumer: hands it the request and takes its messages."""

    def __init__(self, sending: Sending) -> None:
        self.events: asyncio.Queue[Event | None] = asyncio.Queue(PENDING)
        self._sending = sending
        self._began = time.monotonic()
        self._given = False
        self._told = 0
        self._text = codecs.getincrementaldecoder("utf-8")("replace")
        observers: list[Observer] = [_Tap(self._tell_decision)]
        if settings.LOG_CONTENT:
            # What is said in the playground is no exception.
            observers.append(ContentObserver())
        self._consumer = InferenceConsumer(
            endpoint=sending.endpoint,
            table=snapshot.current,
            # Who asks is known already: the operator, who acts as a key or as nobody in particular.
            authenticate=lambda headers, table, now, scope: sending.key,
            book=health_book.book,
            rng=health_book.rng,
            limiting=limiting,
            observers=observers,
            body_limit=settings.MAX_BODY_BYTES,
        )

    async def run(self) -> None:
        endpoint = self._sending.endpoint
        headers = [(b"content-type", b"application/json")]
        if endpoint.protocol.name == "anthropic":
            headers.append((b"anthropic-version", ANTHROPIC_VERSION))
        scope = {"type": "http", "method": "POST", "path": endpoint.path, "headers": headers}
        try:
            await counted(self._consumer)(scope, self._receive, self._send)
            await self._tell_attempts()
            context = self._consumer.context
            # The public price list is loaded when it is asked for first, which takes a while.
            cost = await asyncio.to_thread(_cost, context)
            await self._tell("end", **_summary(context), cost_usd=cost)
        except Exception as error:
            log.error("playground_crashed", exc_info=error)
        await self.events.put(None)

    async def _receive(self) -> Message:
        if self._given:
            await asyncio.Event().wait()
        self._given = True
        return {"type": "http.request", "body": self._sending.body}

    async def _send(self, message: Message) -> None:
        await self._tell_attempts()
        if message["type"] == "http.response.start":
            headers = [(name.decode(), value.decode()) for name, value in message["headers"]]
            await self._tell("head", status=message["status"], headers=headers)
            return
        text = self._text.decode(message.get("body", b""), final=not message.get("more_body"))
        if text:
            await self._tell("data", text=text)

    def _tell_decision(self, plan: Plan) -> None:
        # The first event of all: there is room for it.
        self.events.put_nowait(self._event("decision", decision=explain(plan).document()))

    async def _tell_attempts(self) -> None:
        attempts = self._consumer.context.attempts
        while self._told < len(attempts):
            attempt = attempts[self._told]
            self._told += 1
            await self._tell("attempt", attempt=msgspec.structs.asdict(attempt))

    async def _tell(self, kind: str, **more: Any) -> None:
        await self.events.put(self._event(kind, **more))

    def _event(self, kind: str, **more: Any) -> Event:
        return {"event": kind, "at": round((time.monotonic() - self._began) * 1000, 1), **more}


class _Tap(Observer):
    """Tells what was decided, at once."""

    def __init__(self, told: Callable[[Plan], None]) -> None:
        self._told = told

    def on_plan(self, context: RequestContext, plan: Plan) -> None:
        self._told(plan)


def _counts(usage: Usage) -> dict[str, Any]:
    """What was counted, under the record's own names."""
    named = msgspec.structs.asdict(usage)
    return {name: value for name, value in named.items() if value is not msgspec.UNSET}


def _cost(context: RequestContext) -> float | None:
    """In US dollars, of the attempt that answered; None where no price is known."""
    table = snapshot.current()
    attempt = context.attempts[-1] if context.attempts else None
    provider = None if attempt is None else table.providers.get(attempt.provider.casefold())
    if attempt is None or provider is None or context.usage is None:
        return None
    place = (attempt.provider, seller_of(provider), attempt.model, context.model)
    return price_list_of(table).cost(*place, context.usage, time.time())[1]


def _summary(context: RequestContext) -> dict[str, Any]:
    usage = context.usage
    return {
        "request_id": context.id,
        "outcome": str(context.outcome),
        "error_code": context.error_code,
        "duration_ms": round(context.duration * 1000, 1),
        "first_token_ms": (
            None if context.first_token is None else round(context.first_token * 1000, 1)
        ),
        "model": context.model,
        "finish_reason": context.finish_reason,
        "fallback": context.fallback,
        "dropped": list(context.dropped),
        "usage": None if usage is None else _counts(usage),
    }
