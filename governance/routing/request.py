"""What a caller asks for, in the words the routing rules are written in.

Made for every request, so these are named tuples: frozen data classes take three times as long.
"""

from __future__ import annotations

from typing import NamedTuple


class Features(NamedTuple):
    """What heuristic rules look at. Counts only, no content, except the last user message."""

    last_user_text: str = ""
    """Text of the last message whose role is `user` and that is not a tool result; both ends of a
    long one."""
    last_user_characters: int = 0
    prompt_tokens: int = 0
    """Estimated: a quarter of the prompt's characters, rounded up."""
    messages: int = 0
    tools: int = 0
    images: int = 0
    reasoning: bool = False

    def __repr__(self) -> str:
        """Without the text: what callers say stays out of logs."""
        return f"Features{tuple(self[1:])}"


class RoutingRequest(NamedTuple):
    """One request as the policy and the resolver see it."""

    model: str = ""
    """As the caller wrote it; empty when absent."""
    request_type: str = "chat"
    required_capabilities: frozenset[str] = frozenset({"text"})
    """Modalities and features (`kinds.MODALITIES`, `kinds.FEATURES`) the answer requires."""
    profile_hint: str | None = None
    """`routing_profile` of the body, of its metadata, or of the header; None when not given."""
    stream: bool = False
    features: Features = Features()
    session: str = ""
    """What the request belongs to; requests of one session go to one target where they can."""
    answer_limit: int | None = None
    """Tokens of the longest answer the caller allows, where a strategy asks for it."""
