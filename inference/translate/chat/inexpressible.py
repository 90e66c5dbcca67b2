"""What of a chat completion request has no counterpart elsewhere and is no hint. PURE."""

from __future__ import annotations

from inference.translate.base import Inexpressible
from inference.translate.chat.request_schema import ChatRequest


def refuse_inexpressible(chat: ChatRequest, who: str, *more: str) -> None:
    """Raises `Inexpressible` for the first field that asks for what `who`, as the sentence begins,
    cannot express; `more` are fields of the kind beside those that no other protocol has."""
    refused = {
        "n": chat.n is not None and chat.n != 1,
        **{name: getattr(chat, name) for name in more},
        "logprobs": chat.logprobs,
        "top_logprobs": chat.top_logprobs,
        "logit_bias": chat.logit_bias,
        "modalities": chat.modalities is not None and chat.modalities != ["text"],
        "functions": chat.functions,
        "web_search_options": chat.web_search_options is not None,
        "moderation": chat.moderation is not None,
    }
    for field, stands in refused.items():
        if stands:
            raise Inexpressible(field, f"`{field}`: {who} cannot express this.")
