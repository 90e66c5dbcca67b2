"""The chat consumer: `handle()` tells the story of a request from top to bottom."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from typing import Final

import structlog

from governance.kinds import caller_headers
from governance.routing.plan import Plan
from governance.routing.resolve import route
from governance.routing.table import RoutingTable, VirtualKey
from inference.dispatch.dispatcher import Dispatcher
from inference.dispatch.failures import Failure, Outcome
from inference.dispatch.health import HealthBook
from inference.dispatch.relaying import relay_stream
from inference.dispatch.results import Exhausted, StreamResult, WholeResult
from inference.edge import response_headers
from inference.edge.admission import admit
from inference.edge.answering import AnsweringConsumer
from inference.edge.heartbeat import Heartbeat
from inference.edge.problem import Problem, after_failure
from inference.endpoints.endpoint import Endpoint
from inference.endpoints.parsed_request import BadRequest, ParsedRequest
from inference.record import record
from inference.record.record import RequestContext
from inference.upstream import Client
from inference.upstream.shared import client_of

log = structlog.get_logger("pointsman.chat")

READ_HEADERS: Final = caller_headers() | {
    b"authorization",
    b"x-api-key",
    b"x-routing-profile",
    b"x-request-id",
}


class Refused(Exception):
    """The request ends here, with this problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class ChatConsumer(AnsweringConsumer):
    """Carries one chat request: read, admit, choose, dispatch, relay, record."""

    def __init__(
        self,
        *,
        endpoint: Endpoint,
        table: Callable[[], RoutingTable],
        book: HealthBook,
        rng: random.Random,
        require_key: bool = True,
        body_limit: int = AnsweringConsumer.body_limit,
        heartbeat: float = 15.0,
    ) -> None:
        super().__init__(protocol=endpoint.protocol, body_limit=body_limit)
        self.endpoint = endpoint
        self.table = table
        self.book = book
        self.rng = rng
        self.require_key = require_key
        self.heartbeat = heartbeat

    async def handle(self, body: bytes) -> None:
        headers = {name: value for name, value in self.scope["headers"] if name in READ_HEADERS}
        journey = self._begin(headers)
        dispatcher: Dispatcher | None = None
        try:
            table = self.table()
            journey.grant = self._admit(headers, table)
            inbound = self._read(body, headers)
            journey.ask = inbound.ask
            plan = self._route(inbound, journey.grant, table)
            client = client_of(self.loop)
            dispatcher = self._dispatcher(inbound, client)
            interval = self.heartbeat if inbound.ask.stream else None
            with Heartbeat(self.loop, self.sweep, self._beat, interval) as beat:
                result = await self._dispatch(dispatcher, plan, inbound)
                if isinstance(result, StreamResult):
                    await relay_stream(self, journey, result, dispatcher, beat)
                elif isinstance(result, WholeResult):
                    await self._answer(result, dispatcher)
                else:
                    beat.stop()
                    await self._give_up(result)
        except Refused as refused:
            await self.refuse(refused.problem)
        except asyncio.CancelledError:
            journey.outcome, journey.error_code = Outcome.CANCELLED, "cancelled"
            raise
        except Exception as error:
            journey.outcome, journey.error_code = "error", "internal_error"
            await self.crashed(error)
        finally:
            if dispatcher is not None:
                dispatcher.close()
            journey.duration = time.monotonic() - journey.started
            record.keep(journey)

    def _begin(self, headers: dict[bytes, bytes]) -> RequestContext:
        self.request_id = response_headers.request_id(headers.get(b"x-request-id"))
        self.journey = RequestContext(
            id=self.request_id,
            protocol=self.protocol.name,
            started=time.monotonic(),
            at=time.time(),
        )
        return self.journey

    def _admit(self, headers: dict[bytes, bytes], table: RoutingTable) -> VirtualKey:
        admitted = admit(headers, table, required=self.require_key, now=self.journey.at)
        if isinstance(admitted, Problem):
            raise Refused(admitted)
        return admitted

    def _read(self, body: bytes, headers: dict[bytes, bytes]) -> ParsedRequest:
        if self.scope["method"] != "POST":
            words = f"{self.endpoint.path} answers POST only."
            raise Refused(Problem(405, words, "method_not_allowed"))
        try:
            return self.endpoint.parse(body, headers)
        except BadRequest as error:
            raise Refused(Problem(error.status, error.message, error.code, error.field)) from None

    def _route(self, inbound: ParsedRequest, grant: VirtualKey, table: RoutingTable) -> Plan:
        now = self.journey.started
        plan = route(inbound.ask, grant, table, self.book, now=now, rng=self.rng)
        self.journey.plan = plan
        refusal = plan.refusal
        if refusal is not None:
            raise Refused(Problem(refusal.status, refusal.message, refusal.code, refusal.field))
        if plan.warning:
            log.warning("route_failed", reason=plan.warning, request_id=self.request_id)
        return plan

    def _dispatcher(self, inbound: ParsedRequest, client: Client) -> Dispatcher:
        return Dispatcher(inbound, self.journey, client, self.book, self.loop, self.sweep)

    async def _dispatch(
        self, dispatcher: Dispatcher, plan: Plan, inbound: ParsedRequest
    ) -> StreamResult | WholeResult | Exhausted:
        return await dispatcher.run(plan.candidates)

    async def _answer(self, whole: WholeResult, dispatcher: Dispatcher) -> None:
        journey, answer, candidate = self.journey, whole.answer, whole.candidate
        journey.first_token = time.monotonic() - journey.started
        journey.dropped = whole.dropped
        journey.model = answer.model or candidate.model
        journey.usage, journey.finish_reason = answer.usage, answer.finish_reason
        headers = response_headers.answered(journey, candidate)
        dispatcher.succeeded(candidate)
        await self.respond(200, [response_headers.JSON, *headers], answer.body)

    async def _give_up(self, gave_up: Exhausted) -> None:
        """Every candidate failed, or the request itself is at fault."""
        failure, journey = gave_up.failure, self.journey
        journey.outcome, journey.error_code = failure.outcome, failure.code
        headers = response_headers.way(journey)
        attempts = tuple(str(attempt) for attempt in journey.attempts)
        headers.append((b"x-pointsman-attempts", str(len(attempts)).encode()))
        if any(attempt.code != "saturated" for attempt in journey.attempts):
            headers.append((b"x-should-retry", b"false"))
        callers = _is_the_callers(failure, journey.plan)
        problem = after_failure(failure, attempts, gave_up.body, callers=callers)
        plain = problem.said is not None and (callers or len(attempts) == 1)
        if plain and gave_up.unmodified and gave_up.body and not self.started_answer:
            headers += response_headers.retry_after(failure.retry_after)
            await self.respond(
                self.status(problem), [response_headers.JSON, *headers], gave_up.body
            )
            return
        await self.refuse(problem, headers)

    async def _beat(self) -> None:
        """A comment during silence; before the commit it opens the answer early."""
        if not self.started_answer:
            await self.head(200, [*response_headers.STREAM, *response_headers.way(self.journey)])
        await self.chunk(self.protocol.HEARTBEAT)

    async def refuse(
        self, problem: Problem, headers: response_headers.Headers | None = None
    ) -> None:
        if self.journey.outcome == "ok":
            self.journey.outcome = "refused"
            self.journey.error_code = problem.code or str(problem.status)
        await super().refuse(
            problem, headers if headers is not None else response_headers.way(self.journey)
        )

    async def head(self, status: int, headers: response_headers.Headers) -> None:
        self.journey.status = status
        await super().head(status, headers)

    async def too_large(self) -> None:
        self._begin(dict(self.scope["headers"]))
        await super().too_large()
        record.keep(self.journey)


def _is_the_callers(failure: Failure, plan: Plan | None) -> bool:
    """Whether the request itself is at fault, so that the caller alone can mend it.

    That is also so for a model which the caller named, the provider beside it, and which that
    provider does not have.
    """
    if failure.outcome in (Outcome.CALLERS_FAULT, Outcome.TOO_LONG):
        return True
    profile = plan.profile if plan is not None else None
    return failure.code == "http_404" and profile is not None and profile.implicit
