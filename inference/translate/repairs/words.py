"""What each repair does, in a few words for operators."""

from __future__ import annotations

from typing import Final

_WORDS: Final = {
    "drop": "{value} is left out",
    "fixed_temperature": "the temperature is left out",
    "highest_temperature": "the temperature is {value} at most",
    "one_sampling": "top_p is left out beside a temperature",
    "limit": "the answer has {value} tokens at most",
    "rename_limit": "the limit of the answer is called {value}",
    "role": "messages of the system have the role {value}",
    "system_first": "messages of the system become one, which stands first",
    "text_as_string": "content that is text alone is one string",
    "unsigned_thinking": "thinking that nobody signed is left out",
    "adaptive_thinking": "the model decides how long it thinks",
    "call_ids": "ids of tool calls are written in its form ({value})",
    "thought_signature": "tool calls get a signature",
}


def words_of(repair: str, value: str) -> str:
    """Repairs that are new here are told by their names."""
    return _WORDS.get(repair, f"{repair.replace('_', ' ')} {{value}}").format(value=value).strip()
