"""`POST /v1/responses/input_tokens`: admitted and routed as a response, answered with a number."""

from __future__ import annotations

from typing import Final

from governance.routing.plan import Candidate
from inference.dispatch.dispatcher import Dispatcher
from inference.dispatch.results import Exhausted
from inference.endpoints import responses
from inference.endpoints.endpoint import Endpoint
from inference.protocols import RESPONSES
from inference.translate.base import TranslatedAnswer
from inference.translate.chat.caller import PassThroughCaller
from inference.translate.responses.input_tokens import estimated_body

_ESTIMATED: Final = ((b"x-pointsman-estimated", b"true"),)


async def dispatch(dispatcher: Dispatcher, candidates: tuple[Candidate, ...]) -> Exhausted | None:
    """Estimates for the first candidate; none is asked."""
    estimated = TranslatedAnswer(estimated_body(dispatcher.request))
    await dispatcher.answer_here(candidates[0], estimated, "estimated", _ESTIMATED)
    return None


INPUT_TOKENS: Final = Endpoint(
    "/v1/responses/input_tokens",
    "input_tokens",
    RESPONSES,
    responses.parse_count,
    PassThroughCaller({}),
    dispatch,
)
