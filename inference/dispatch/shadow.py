"""Copies of requests that go to a profile's shadow, whose answers are thrown away.

A copy is decided on when its request was answered, and sent when that is recorded: nothing it does
is waited for. It takes only what nobody needs: a slot that a request wants it gives back by ending,
limits count it apart, and what it finds out of a provider's health is not held against that one. A
copy has no copy of its own: nothing here knows of shadows.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import msgspec
import structlog

from governance.routing.caching import REQUEST_TYPES
from governance.routing.plan import Candidate, Plan
from governance.routing.shadows import shadow_route
from governance.routing.table import ProviderEntry, RoutingTable
from inference.dispatch.dispatcher import Dispatcher
from inference.dispatch.health import HealthBook, Permit, slots
from inference.dispatch.request_limits import Limiting
from inference.dispatch.shadow_limits import ShadowLimits
from inference.dispatch.side_effects import refers_elsewhere, uses_tools
from inference.dispatch.timer_wheel import timer_wheel_of
from inference.dispatch.upstream_protocol import RESPONSES
from inference.record import record
from inference.record.record import KEPT_BYTES, Content, RequestContext
from inference.translate.base import StreamTranslator, TranslatedAnswer, Translator
from inference.translate.hub import DirectCaller
from inference.upstream import client_of
from inference.values.failures import Failure, Outcome
from inference.values.parsed_request import ParsedRequest

log = structlog.get_logger("pointsman.shadow")

MOST: Final = 16
"""Copies under way in one process; more are left out."""
MOST_BYTES: Final = 16 * 1024 * 1024
"""Of their bodies."""
SHADOW: Final = "shadow/"
"""How the ids of their records begin; a caller's own request id never holds the slash."""
YIELDED: Final = "yielded"
"""Why a copy ended: a request wanted its slot, or the process ends."""


class SpareSlots(HealthBook):
    """What copies see of providers: they take only slots that are free, and tell nothing."""

    def __init__(self, book: HealthBook) -> None:
        super().__init__(rng=book.rng)
        self._live = book
        self.repairs, self.speeds, self.sessions = book.repairs, book.speeds, book.sessions

    def acquire(self, provider: ProviderEntry, model: str, *, stream: bool = True) -> Permit | None:
        """None unless one slot more is free: the next request is to find one."""
        name = provider.name.casefold()
        lent, limit = self._live.lent.setdefault(name, {}), slots(provider)
        if limit is not None and self._live.load(name, model) + len(lent) + 2 > limit:
            return None
        permit = Permit((name, model), probe=False)
        task = asyncio.current_task()
        assert task is not None
        lent[task] = task.cancel
        return permit

    def release(
        self, permit: Permit, failure: Failure | None = None, *, counted: bool = False
    ) -> None:
        lent = self._live.lent.get(permit.key[0], {})
        lent.pop(asyncio.current_task(), None)
        if not lent:
            self._live.lent.pop(permit.key[0], None)


class Discarded:
    """Takes the place of a caller. Where content is kept, that of the answer is noted."""

    def __init__(self, context: RequestContext) -> None:
        self._context = context

    @property
    def writer(self) -> Discarded:
        return self

    async def begin_stream(self, candidate: Candidate, media_type: str) -> None: ...

    async def whole(
        self,
        candidate: Candidate,
        answer: TranslatedAnswer,
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        self._note(answer.body)

    async def break_off(
        self, failure: Failure, body: bytes | None, stream: StreamTranslator
    ) -> None: ...

    async def abandon(self) -> None: ...

    async def chunk(self, data: bytes) -> None:
        self._context.relayed += data.count(b"\n\n")
        self._note(data)

    async def last(self, data: bytes) -> None:
        self._note(data)

    def _note(self, data: bytes) -> None:
        content = self._context.content
        if content is None or not data:
            return
        room = KEPT_BYTES - (content.size - len(content.request))
        if room > 0:
            content.answer.append(data[:room])
            content.size += len(data[:room])


class Shadows:
    """The copies of one process."""

    def __init__(self, book: HealthBook, rng: random.Random, limiting: Limiting | None) -> None:
        self._book = book
        self._spare = SpareSlots(book)
        self._rng = rng
        self._limiting = limiting
        self._running: dict[asyncio.Task[None], int] = {}

    def copy(
        self,
        request: ParsedRequest,
        live: RequestContext,
        table: RoutingTable,
        translators: Callable[[str], Translator],
        caller: DirectCaller,
        *,
        busy: bool,
    ) -> Copy | None:
        """The copy of a request that was answered, if one is to be sent. `busy`: the process has
        enough to do."""
        profile = live.plan.profile if live.plan is not None else None
        key = live.virtual_key
        if profile is None or profile.shadow is None or key is None:
            return None
        if self._rng.random() * 100 >= profile.shadow.percent or busy or not self._room(request):
            return None
        if not _may_be_copied(request):
            return None
        limits = None
        if self._limiting is not None and table.limits:
            limits = ShadowLimits(self._limiting, request, key, table, live.protocol)
        health = self._book if limits is None else limits.health(self._book, profile)
        ask = request.routing_request
        now, rng = time.monotonic(), self._rng
        found = shadow_route(profile.shadow, ask, profile, key, table, health, now, rng)
        if found.why_not:
            return None
        candidate = found.candidate
        free, name = slots(candidate.provider), candidate.provider.name.casefold()
        if free is not None and self._book.load(name, candidate.model) + 2 > free:
            return None
        if limits is not None and not limits.admit_copy(candidate, profile.id):
            return None
        context = _context(live, found.plan)
        context.limits = limits
        live.shadow = context.id
        return Copy(self, _unkept(request), context, translators, caller)

    def start(self, copy: Copy, loop: asyncio.AbstractEventLoop) -> None:
        """Sends it. Never waits."""
        running = loop.create_task(copy.run(loop, self._spare))
        self._running[running] = len(copy.request.body)
        running.add_done_callback(self._ended)

    async def close(self) -> None:
        """Ends those that are under way; each leaves its record."""
        running = list(self._running)
        for one in running:
            one.cancel()
        if running:
            await asyncio.wait(running)

    async def settled(self) -> None:
        """None is under way."""
        if self._running:
            await asyncio.wait(self._running)

    def _room(self, request: ParsedRequest) -> bool:
        size = sum(self._running.values()) + len(request.body)
        return len(self._running) < MOST and size <= MOST_BYTES

    def _ended(self, running: asyncio.Task[None]) -> None:
        self._running.pop(running, None)
        if not running.cancelled() and (error := running.exception()) is not None:
            log.error("shadow_crashed", exc_info=error)


class Copy:
    """One copy on its way."""

    def __init__(
        self,
        shadows: Shadows,
        request: ParsedRequest,
        context: RequestContext,
        translators: Callable[[str], Translator],
        caller: DirectCaller,
    ) -> None:
        self._shadows = shadows
        self.request = request
        self._context = context
        self._translators = translators
        self._caller = caller

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._shadows.start(self, loop)

    async def run(self, loop: asyncio.AbstractEventLoop, book: HealthBook) -> None:
        context = self._context
        context.started, context.at = time.monotonic(), time.time()
        assert context.plan is not None
        dispatcher = Dispatcher(
            self.request,
            context,
            Discarded(context),
            client_of(loop),
            book,
            loop,
            timer_wheel_of(loop),
            self._translators,
            self._caller,
        )
        try:
            exhausted = await dispatcher.run(context.plan.candidates)
            if exhausted is not None:
                context.outcome = exhausted.failure.outcome
                context.error_code = exhausted.failure.code
            context.status = 200 if exhausted is None else exhausted.failure.upstream_status
        except asyncio.CancelledError:
            context.outcome, context.error_code = Outcome.CANCELLED, YIELDED
        finally:
            context.duration = time.monotonic() - context.started
            if context.limits is not None:
                context.limits.settle(context)
                context.limits = None
            record.keep(context)


def _may_be_copied(request: ParsedRequest) -> bool:
    """Nothing may be done twice, and nothing is there that only one provider holds."""
    if request.routing_request.request_type not in REQUEST_TYPES:
        return False
    return not (uses_tools(request) or refers_elsewhere(request) or request.keep is not None)


def _unkept(request: ParsedRequest) -> ParsedRequest:
    """The request, whose answer no provider is to keep: nobody would ever ask for it."""
    responses = request.routing_request.request_type == RESPONSES
    if not responses and "store" not in request.fields:
        return request
    fields = {**request.fields, "store": msgspec.Raw(b"false")}
    return msgspec.structs.replace(request, fields=fields, body=msgspec.json.encode(fields))


def _context(live: RequestContext, plan: Plan) -> RequestContext:
    """Of a copy: charged to whom the request is, and behind all others in the engine's queue."""
    content, key = None, live.virtual_key
    if live.content is not None:
        content = Content(live.content.request, size=len(live.content.request))
    return RequestContext(
        id=f"{SHADOW}{secrets.token_hex(12)}",
        protocol=live.protocol,
        started=live.started,
        at=live.at,
        routing_request=live.routing_request,
        virtual_key=None if key is None else replace(key, priority="low"),
        plan=plan,
        content=content,
        group=live.group,
        shadow_of=live.id,
    )
