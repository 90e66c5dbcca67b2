"""What clouds and servers that speak OpenAI's chat completions have in common."""

from __future__ import annotations

from typing import Any, Final

from governance.kinds.failure_words import SHARED, FailureWords
from governance.kinds.kind import TRACE_HEADERS, Preset, ProviderKind
from governance.kinds.locality import is_private

CHAT: Final = frozenset({"chat", "messages", "responses"})
"""The request types that become a chat completion."""


def cloud(name: str, label: str, base_url: str, *, words: tuple[FailureWords, ...] = (),
          rank: int = 10, **more: Any) -> ProviderKind:  # fmt: skip
    """A cloud at an address of its own; `words` are those of its errors that others do not use."""
    return ProviderKind(
        **{
            "name": name,
            "label": label,
            "help": f"{label}, by its OpenAI-compatible API.",
            "protocol": "openai",
            "caller_headers": TRACE_HEADERS,
            "failure_words": (*words, *SHARED),
            "presets": (Preset(label, name.replace("_", "-"), base_url, rank=rank),),
            **more,
        }
    )


def server(name: str, label: str, base_url: str, *, words: tuple[FailureWords, ...] = (),
           **more: Any) -> ProviderKind:  # fmt: skip
    """A server on one's own machines: an answer that is no stream begins when it is whole."""
    return ProviderKind(
        **{
            "name": name,
            "label": label,
            "help": f"{label} on this machine or another one.",
            "protocol": "openai",
            "rank": 25,
            "caller_headers": TRACE_HEADERS,
            "failure_words": (*words, *SHARED),
            "first_event_of_whole_answers": False,
            "stays": is_private,
            "presets": (Preset(label, name.replace("_", "-"), base_url, is_local=True),),
            **more,
        }
    )
