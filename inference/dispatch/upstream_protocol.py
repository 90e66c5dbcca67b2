"""Which protocol a candidate is asked by: its own, or the Responses API where that is better."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from governance.kinds import kind_named
from governance.routing.plan import Candidate
from inference.values.parsed_request import ParsedRequest

RESPONSES: Final = "responses"
"""The protocol's key, and the request type of its callers."""
_TRANSLATED: Final = frozenset({"chat", "messages"})


def speaks_responses(candidate: Candidate) -> bool:
    """Whether the candidate's model is asked by the Responses API where that is of use."""
    provider = candidate.provider
    return _spoken(provider.kind, candidate.model, provider.base_url, provider.responses_models)


def upstream_protocol(candidate: Candidate, request: ParsedRequest, usual: str) -> str:
    """The key of the candidate's translations for this request; `usual` is that of its kind.

    A Responses request passes as it came. Other callers' reach models that way which reason with
    tools, or answer at all, in no other.
    """
    ask = request.routing_request
    if ask.request_type == RESPONSES:
        return RESPONSES if speaks_responses(candidate) else usual
    if ask.request_type not in _TRANSLATED:
        return usual
    both = ask.features.reasoning and ask.features.tools > 0
    if _preferred(candidate.provider.kind, candidate.model, both) and speaks_responses(candidate):
        return RESPONSES
    return usual


@lru_cache(maxsize=4096)
def _spoken(kind: str, model: str, base_url: str, patterns: tuple[str, ...]) -> bool:
    known = kind_named(kind)
    api = known.responses if known is not None else None
    return api is not None and api.spoken_by(model, base_url, patterns)


@lru_cache(maxsize=4096)
def _preferred(kind: str, model: str, reasoning_with_tools: bool) -> bool:
    known = kind_named(kind)
    api = known.responses if known is not None else None
    return api is not None and api.preferred_for(model, reasoning_with_tools=reasoning_with_tools)
