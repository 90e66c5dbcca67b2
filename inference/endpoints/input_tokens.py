"""`POST /v1/responses/input_tokens`: admitted and routed as a response, answered with a number."""

from __future__ import annotations

from itertools import takewhile
from typing import Final

from governance.routing.plan import Candidate
from inference.dispatch.dispatcher import Dispatcher
from inference.dispatch.response_references import Unreachable, reachable, references_in
from inference.dispatch.results import Exhausted
from inference.dispatch.upstream_protocol import speaks_responses
from inference.endpoints import responses
from inference.endpoints.endpoint import Endpoint
from inference.endpoints.keeping import completed
from inference.protocols import RESPONSES
from inference.translate.base import TranslatedAnswer
from inference.translate.chat.caller import PassThroughCaller
from inference.translate.responses.input_tokens import InputTokens, estimated_body

_NO_SUCH_ENDPOINT: Final = (404, 405, 501)
_ESTIMATED: Final = ((b"x-pointsman-estimated", b"true"),)


async def dispatch(dispatcher: Dispatcher, candidates: tuple[Candidate, ...]) -> Exhausted | None:
    """Asks the candidates that can count, in the plan's order; for the first other it estimates,
    and where they fail. Only what the caller did wrong is told."""
    request, key = dispatcher.request, dispatcher.context.virtual_key
    try:
        references = references_in(request.fields)
        candidates, kept = reachable(request, references, candidates, key)
        dispatcher.request = await completed(request, kept, dispatcher.keeper, key)
    except Unreachable as error:
        return Exhausted(error.failure)
    able = tuple(takewhile(speaks_responses, candidates))
    if able:
        exhausted = await dispatcher.run(able)
        if exhausted is None:
            # There is no token whose time it could be.
            dispatcher.context.first_token = None
            return None
        absent = exhausted.failure.upstream_status in _NO_SUCH_ENDPOINT and not references
        if not (exhausted.failure.moves_on or absent):
            return exhausted
    estimated = TranslatedAnswer(estimated_body(dispatcher.request))
    others = candidates[len(able) :] or able[-1:]
    await dispatcher.answer_here(others[0], estimated, "estimated", _ESTIMATED)
    return None


INPUT_TOKENS: Final = Endpoint(
    "/v1/responses/input_tokens",
    "input_tokens",
    RESPONSES,
    responses.parse_count,
    PassThroughCaller({"responses": InputTokens()}),
    dispatch,
)
