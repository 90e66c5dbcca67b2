"""`POST /v1/messages/count_tokens`: admitted and routed as a message, answered with a number."""

from __future__ import annotations

from itertools import takewhile
from typing import Final

from governance.kinds import kind_named
from governance.routing.plan import Candidate
from inference.dispatch.dispatcher import Dispatcher
from inference.dispatch.results import Exhausted
from inference.endpoints import messages
from inference.endpoints.endpoint import Endpoint
from inference.protocols import ANTHROPIC
from inference.translate import upstream_errors
from inference.translate.base import TranslatedAnswer
from inference.translate.chat.caller import PassThroughCaller
from inference.translate.messages.count_tokens import CountTokens, estimated_body
from inference.values.failures import Failure

_NO_SUCH_ENDPOINT: Final = frozenset({"http_404", "http_405", "http_501"})
"""How servers that speak Anthropic's protocol in part say that they cannot count."""
_ESTIMATED: Final = ((b"x-pointsman-estimated", b"true"),)


async def dispatch(dispatcher: Dispatcher, candidates: tuple[Candidate, ...]) -> Exhausted | None:
    """Asks the candidates that can count, in the plan's order; for the first other it estimates.

    Where they fail it estimates too: clients decide by the number when to compact a conversation,
    and take an error for 0. Only what the caller did wrong is told.
    """
    able = tuple(takewhile(_can_count, candidates))
    others = candidates[len(able) :]
    if able:
        exhausted = await dispatcher.run(able)
        if exhausted is None:
            # There is no token whose time it could be.
            dispatcher.context.first_token = None
            return None
        if not (exhausted.failure.moves_on or _never_counts(exhausted.failure)):
            return exhausted
        others = others or able[-1:]
    estimated = TranslatedAnswer(estimated_body(dispatcher.request))
    await dispatcher.answer_here(others[0], estimated, "estimated", _ESTIMATED)
    return None


def _can_count(candidate: Candidate) -> bool:
    kind = kind_named(candidate.provider.kind)
    return kind is not None and kind.counts_tokens


def _never_counts(failure: Failure) -> bool:
    """Whether the upstream lacks the endpoint, rather than the model or the answer."""
    document = upstream_errors.document(failure)
    known = document is not None and upstream_errors.anthropic_error(document) is not None
    return failure.code in _NO_SUCH_ENDPOINT and not known


COUNT_TOKENS: Final = Endpoint(
    "/v1/messages/count_tokens",
    "count_tokens",
    ANTHROPIC,
    messages.parse_count,
    PassThroughCaller({"anthropic": CountTokens()}),
    dispatch,
)
"""Its providers' health is a matter of its own: how one counts says nothing about how it answers.
"""
