"""The consumer of every endpoint that asks a model: `handle()` tells the story of a request."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import structlog

from governance.interactions.record import NamedRef
from governance.kinds.kind import HOPS_HEADER
from governance.routing.breaker import HealthReader
from governance.routing.fallback_modes import NEVER
from governance.routing.plan import Plan, Refusal
from governance.routing.policy import choose
from governance.routing.resolve import resolve, route
from governance.routing.sessions import session_in, sticks
from governance.routing.table import CachePolicy, RoutingTable, VirtualKey
from governance.strategies import strategy_named
from inference.cache.answer_cache import AnswerCache
from inference.dispatch.dispatcher import Delivery, Dispatcher
from inference.dispatch.health import HealthBook
from inference.dispatch.large_bodies import LARGE, apart
from inference.dispatch.output_estimates import bound_of
from inference.dispatch.request_limits import Limiting, RequestLimits
from inference.dispatch.results import Exhausted
from inference.dispatch.shadow import Copy, Shadows
from inference.edge import response_headers
from inference.edge.answer_delivery import AnswerDelivery
from inference.edge.answer_writer import AnswerWriter
from inference.edge.authentication import Authenticate, address_of
from inference.edge.body_budget import BodyBudget
from inference.edge.body_clock import IDLE_SECONDS
from inference.edge.consumer import LeanHttpConsumer, method_not_allowed
from inference.edge.form_consumer import FormConsumer
from inference.edge.heartbeat import Heartbeat
from inference.edge.request_cache import RequestCache
from inference.edge.request_headers import read_headers
from inference.edge.spool import MEMORY
from inference.endpoints.endpoint import Endpoint
from inference.record import record
from inference.record.observer import Observer
from inference.record.record import RequestContext
from inference.upstream import client_of
from inference.upstream.backend import is_back
from inference.values.error_answer import ErrorAnswer
from inference.values.failures import Outcome
from inference.values.held_object import HeldBook
from inference.values.kept_answer import Keeper
from inference.values.parsed_request import BadRequest, ParsedRequest
from inference.values.session import sticky_session

log = structlog.get_logger("pointsman.chat")

_LOOP: Final = ErrorAnswer(
    508,
    "This request has come through this gateway before: one of its providers leads back to it, "
    "itself or by way of another gateway.",
    "loop_detected",
    headers=((b"x-should-retry", b"false"),),
)


class RequestRefused(Exception):
    """The request ends here, with this answer."""

    def __init__(self, answer: ErrorAnswer) -> None:
        super().__init__(answer.message)
        self.answer = answer


class InferenceConsumer(FormConsumer):
    """Carries one request: authenticate, read, parse, route, dispatch, record.

    What differs from endpoint to endpoint is in `endpoint`; who only looks on is an observer.
    """

    methods = ("POST",)
    _sticky = ""
    """The session of a large request, which is known from its reading."""

    def __init__(
        self,
        *,
        endpoint: Endpoint,
        table: Callable[[], RoutingTable],
        authenticate: Authenticate,
        book: HealthBook,
        rng: random.Random,
        limiting: Limiting | None = None,
        observers: Sequence[Observer] = (),
        body_limit: int = LeanHttpConsumer.body_limit,
        heartbeat: float = 15.0,
        budgets: Callable[[asyncio.AbstractEventLoop], BodyBudget] | None = None,
        body_idle: float = IDLE_SECONDS,
        keeper: Keeper | None = None,
        spool: Path | None = None,
        file_limit: int | None = None,
        held: HeldBook | None = None,
        answers: AnswerCache | None = None,
        shadows: Shadows | None = None,
    ) -> None:
        """`spool` is where forms are kept that do not fit into memory."""
        super().__init__()
        self.endpoint = endpoint
        self.spool = spool
        self.file_limit = file_limit
        self.held = held
        self.table = table
        self.authenticate = authenticate
        self.book = book
        self.rng = rng
        self.limiting = limiting
        self.observers = observers
        self.body_limit = body_limit
        self.heartbeat = heartbeat
        self.keeper = keeper
        self.answers = answers
        self.shadows = shadows
        self._copy: Copy | None = None
        self.budgets = budgets
        self.body_idle = body_idle

    def body_owner(self) -> Hashable:
        key = self.context.virtual_key
        return key.id if key is not None else ""

    def on_head(self) -> ErrorAnswer | None:
        self.headers = headers = read_headers(self.scope["headers"])
        protocol = self.endpoint.protocol
        self.context = context = RequestContext(
            id=response_headers.request_id(headers.get(b"x-request-id")),
            protocol=protocol.name,
            started=time.monotonic(),
            at=time.time(),
        )
        self.writer = AnswerWriter(self.base_send, protocol, context.id)
        self._authenticated_by = table = self.table()
        key = self.authenticate(headers, table, context.at, self.scope)
        if isinstance(key, ErrorAnswer):
            return key
        context.virtual_key = key
        context.address = address_of(self.scope)
        context.client = headers.get(b"user-agent", b"")
        if self.scope["method"] != "POST":
            return method_not_allowed(self.endpoint.path, *self.methods)
        hops = headers.get(HOPS_HEADER)
        return _LOOP if hops is not None and is_back(hops) else None

    async def handle(self, body: bytes) -> None:
        context = self.context
        # How long a caller took to send the body is not the gateway's doing.
        context.started = time.monotonic()
        if self.observers:
            self.writer.on_sent = self._sent
        try:
            table = self.table()
            key = self._key(table)
            if len(body) < LARGE:
                request = self._parse(body)
            else:
                request = await apart(self._parse_large, body, key, table)
            if request.routing_request.stream and self.endpoint.events:
                self.writer.stream_client = context.client
            plan = self._route(request, key, table)
            await self._carry(request, plan, key, table)
        except RequestRefused as refused:
            await self._refuse(refused.answer)
        except asyncio.CancelledError:
            context.outcome, context.error_code = Outcome.CANCELLED, "cancelled"
            raise
        except Exception as error:
            context.outcome, context.error_code = "error", "internal_error"
            await self.crashed(error)
        finally:
            self._end_heartbeat()
            self._record()
            if self._copy is not None:
                self._copy.start(self.loop)
                self._copy = None

    async def _carry(
        self, request: ParsedRequest, plan: Plan, key: VirtualKey, table: RoutingTable
    ) -> None:
        """The cached answer, or candidate by candidate until one answers, or none does."""
        delivery = AnswerDelivery(self.context, self.writer, self.held)
        through: Delivery = delivery
        profile, cache = plan.profile, None
        if profile is not None and profile.cache is not None and self.answers is not None:
            cache = self._cache(self.answers, profile.cache, request, table)
            found = await cache.find()
            if found is not None:
                await cache.give(found, self.writer)
                return
            through = cache.capture(delivery)
        dispatcher = self._dispatcher(request, through)
        if request.routing_request.stream and self.endpoint.events:
            self.writer.heartbeat = Heartbeat(
                self.loop, self.timer_wheel, delivery.heartbeat, self.heartbeat
            )
        exhausted = await self.endpoint.dispatch(dispatcher, plan.candidates)
        if exhausted is not None:
            self._end_heartbeat()
            self._unless_the_route_failed(exhausted, request, key, table)
            await delivery.give_up(exhausted)
            return
        if cache is not None:
            cache.keep()
        if profile is not None and profile.shadow is not None:
            self._copy = self._shadow(request, table)

    def _shadow(self, request: ParsedRequest, table: RoutingTable) -> Copy | None:
        """The copy that is sent to the profile's shadow, if one is."""
        context, endpoint = self.context, self.endpoint
        if self.shadows is None or context.outcome != "ok":
            return None
        budget = None if self.budgets is None else self.budgets(self.loop)
        busy = budget is not None and 2 * budget.used > budget.total
        return self.shadows.copy(
            request, context, table, endpoint.translator, endpoint.caller, busy=busy
        )

    def _cache(
        self, answers: AnswerCache, policy: CachePolicy, request: ParsedRequest, table: RoutingTable
    ) -> RequestCache:
        """What the profile's cache does for the request."""
        path = self.endpoint.path
        return RequestCache(answers, policy, request, self.context, table, path, self.keeper)

    def _end_heartbeat(self) -> None:
        """It knows the writer: a cycle would be left to the garbage collector."""
        heartbeat, self.writer.heartbeat = self.writer.heartbeat, None
        if heartbeat is not None:
            heartbeat.stop()

    def _key(self, table: RoutingTable) -> VirtualKey:
        """The key the request was authenticated by; if the table has changed while the body was
        on its way, the key is looked up again."""
        context = self.context
        if table is not self._authenticated_by:
            key = self.authenticate(self.headers, table, time.time(), self.scope)
            if isinstance(key, ErrorAnswer):
                raise RequestRefused(key)
            context.virtual_key = key
        assert context.virtual_key is not None
        return context.virtual_key

    def _parse(self, body: bytes) -> ParsedRequest:
        upload = self._upload(body)
        for observer in self.observers:
            seen = body if upload is None else upload.spool.read(0, MEMORY)
            observer.on_body(self.context, seen)
        try:
            if upload is None:
                request = self.endpoint.read(body, self.headers)
            else:
                request = self.endpoint.read_form(upload, self.headers)
        except BadRequest as error:
            raise RequestRefused(
                ErrorAnswer(
                    error.status, error.message, error.code, error.field, details=error.details
                )
            ) from None
        self.context.routing_request = self.endpoint.recorded(request.routing_request)
        self.context.session = request.session
        return request

    def _parse_large(self, body: bytes, key: VirtualKey, table: RoutingTable) -> ParsedRequest:
        """With the session it is known by, which takes long to find in a long prompt, where its
        profile has use of one."""
        request = self._parse(body)
        if self.endpoint.plan is None:
            choice = choose(request.routing_request, key, table)
            if not isinstance(choice, Refusal) and sticks(choice.profile):
                self._sticky = sticky_session(request)
        return request

    def _route(self, request: ParsedRequest, key: VirtualKey, table: RoutingTable) -> Plan:
        context = self.context
        group = table.groups.get(key.group)
        context.group = None if group is None else NamedRef(group.id, group.name)
        limits = (
            None
            if self.limiting is None
            else self.limiting.of(request, key, table, self.endpoint.protocol.name)
        )
        plan = self._planned(request, key, table, limits)
        context.plan = plan
        for observer in self.observers:
            observer.on_plan(context, plan)
        refusal = plan.refusal
        if refusal is not None:
            raise RequestRefused(
                ErrorAnswer(refusal.status, refusal.message, refusal.code, refusal.field)
            )
        context.limits = limits
        if plan.warning:
            log.warning("route_failed", reason=plan.warning, request_id=context.id)
        return plan

    def _planned(
        self,
        request: ParsedRequest,
        key: VirtualKey,
        table: RoutingTable,
        limits: RequestLimits | None,
    ) -> Plan:
        """The plan, with what limits leave of it."""
        if self.endpoint.plan is not None:
            plan = self.endpoint.plan(request, key, table)
            return plan if limits is None or plan.refusal else self._admitted(plan, limits)
        routing_request, now, rng = request.routing_request, self.context.started, self.rng
        choice = choose(routing_request, key, table)
        if isinstance(choice, Refusal):
            return Plan(refusal=choice)
        profile = choice.profile
        # A long prompt is hashed for its session, which is for profiles that have use of one.
        session = ""
        if sticks(profile):
            session = session_in(profile, key, self._sticky or sticky_session(request))
            self.context.routed_session = session
        if strategy_named(profile.strategy).reads_prices:
            routing_request = routing_request._replace(answer_limit=bound_of(request.fields))
        health: HealthReader = self.book
        if limits is not None:
            health = limits.health(self.book, profile)
        plan = resolve(routing_request, choice, key, table, health, now, rng, self.book, session)
        return plan if limits is None else self._admitted(plan, limits)

    def _admitted(self, plan: Plan, limits: RequestLimits) -> Plan:
        admitted = limits.admit(plan)
        if isinstance(admitted, ErrorAnswer):
            self.context.plan = plan
            raise RequestRefused(admitted)
        return admitted

    def _unless_the_route_failed(
        self, exhausted: Exhausted, request: ParsedRequest, key: VirtualKey, table: RoutingTable
    ) -> None:
        """Where the local model stood in for a route that failed, and the prompt is too long for
        it, the caller is told what was wrong with the route: raises `RequestRefused`."""
        plan = self.context.plan
        if plan is None or not plan.warning or exhausted.failure.outcome is not Outcome.TOO_LONG:
            return
        alone = replace(key, local_fallback=NEVER)
        refusal = route(
            request.routing_request, alone, table, self.book, time.monotonic(), self.rng
        ).refusal
        if refusal is not None:
            raise RequestRefused(
                ErrorAnswer(refusal.status, refusal.message, refusal.code, refusal.field)
            )

    def _dispatcher(self, request: ParsedRequest, delivery: Delivery) -> Dispatcher:
        return Dispatcher(
            request,
            self.context,
            delivery,
            client_of(self.loop),
            self.book,
            self.loop,
            self.timer_wheel,
            self.endpoint.translator,
            self.endpoint.caller,
            self.keeper,
        )

    async def refuse(self, error: ErrorAnswer) -> None:
        """A refusal without the body: by the head, or because the body is too large."""
        try:
            await self._refuse(error)
        finally:
            self._record()

    async def _refuse(self, error: ErrorAnswer) -> None:
        context = self.context
        context.outcome, context.error_code = "refused", error.code or str(error.status)
        await self.answer_error(error)

    async def answer_error(self, error: ErrorAnswer) -> None:
        await self.writer.refuse(error, response_headers.routing_headers(self.context))

    def _sent(self, data: bytes) -> None:
        for observer in self.observers:
            observer.on_sent(self.context, data)

    def _record(self) -> None:
        context = self.context
        context.status, context.relayed = self.writer.status, self.writer.events
        context.duration = time.monotonic() - context.started
        if context.limits is not None:
            # The one place in which leases end.
            try:
                context.limits.settle(context)
            except Exception as error:
                log.error("limits_not_settled", request_id=context.id, exc_info=error)
            context.limits = None
        record.keep(context)
