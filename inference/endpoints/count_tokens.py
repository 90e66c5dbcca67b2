"""`POST /v1/messages/count_tokens`: admitted and routed as a message, answered with a number."""

from __future__ import annotations

from itertools import takewhile
from typing import Final

from governance.kinds import kind_named
from governance.routing.plan import Candidate, Plan
from inference.dispatch.dispatcher import Dispatcher
from inference.dispatch.failures import Failure, Outcome
from inference.dispatch.results import Exhausted, StreamResult, WholeResult
from inference.edge import response_headers
from inference.edge.chat import ChatConsumer
from inference.endpoints.parsed_request import ParsedRequest
from inference.record.record import Attempt
from inference.translate import upstream_errors
from inference.translate.base import Answer, Translator
from inference.translate.messages.count_tokens import CountTokens, estimated_body
from inference.upstream import Client

_PAIR: Final = CountTokens()
_NO_SUCH_ENDPOINT: Final = frozenset({"http_404", "http_405", "http_501"})
"""How servers that speak Anthropic's protocol in part say that they cannot count."""
_ESTIMATED: Final = (b"x-pointsman-estimated", b"true")


class Estimate(WholeResult):
    """An answer of our own."""


class CountingConsumer(ChatConsumer):
    """Asks the candidates that can count, in the plan's order; for the first other it estimates.

    Its `book` should be its own: how a provider counts says nothing about how it answers.
    """

    def _dispatcher(self, inbound: ParsedRequest, client: Client) -> Dispatcher:
        self.journey.ask = inbound.ask._replace(request_type="count_tokens")
        return Dispatcher(inbound, self.journey, client, self.book, self.loop, self.sweep, _pair)

    async def _dispatch(
        self, dispatcher: Dispatcher, plan: Plan, inbound: ParsedRequest
    ) -> StreamResult | WholeResult | Exhausted:
        able = tuple(takewhile(_can_count, plan.candidates))
        others = plan.candidates[len(able) :]
        if able:
            result = await dispatcher.run(able)
            if not isinstance(result, Exhausted):
                return result
            if _never_counts(result.failure):
                others = others or able[-1:]
            elif not (others and result.failure.moves_on):
                return result
        return Estimate(others[0], Answer(estimated_body(inbound)), ())

    async def _answer(self, whole: WholeResult, dispatcher: Dispatcher) -> None:
        journey, candidate = self.journey, whole.candidate
        if isinstance(whole, Estimate):
            journey.model = candidate.model
            headers = [*response_headers.answered(journey, candidate), _ESTIMATED]
            journey.attempts.append(_attempt(candidate))
            await self.respond(200, [response_headers.JSON, *headers], whole.answer.body)
        else:
            await super()._answer(whole, dispatcher)
            # There is no token whose time it could be.
            journey.first_token = None


def _pair(request_type: str, upstream_protocol: str) -> Translator:
    return _PAIR


def _can_count(candidate: Candidate) -> bool:
    kind = kind_named(candidate.provider.kind)
    return kind is not None and kind.counts_tokens


def _never_counts(failure: Failure) -> bool:
    """Whether the upstream lacks the endpoint, rather than the model or the answer."""
    document = upstream_errors.document(failure)
    known = document is not None and upstream_errors.anthropic_error(document) is not None
    return failure.code in _NO_SUCH_ENDPOINT and not known


def _attempt(candidate: Candidate) -> Attempt:
    return Attempt(
        candidate.provider.name,
        candidate.model,
        Outcome.OK,
        "estimated",
        0,
        0.0,
        candidate.is_local_fallback,
    )
