"""Which models are asked by OpenAI's Responses API, rather than as a chat completion."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final
from urllib.parse import urlsplit

NO_REASONING_WITH_TOOLS: Final = r"gpt-(?:5\.(?:[4-9]|\d\d)|[6-9])(?!\d)"
"""OpenAI's models from 5.4 on, by OpenAI's own name (`openai/gpt-5.4` is a reseller's, who knows
better): as chat completions they call tools only without reasoning."""
NO_CHAT: Final = (
    r"(?:o[13]-pro|gpt-5(?:\.\d+)?-pro|o\d(?:-mini)?-deep-research|computer-use-preview"
    r"|(?:gpt-5(?:\.\d+)?-)?codex(?![a-z]))"
)
"""OpenAI's models that know no other API. Source: OpenAI's list of models."""


@dataclass(frozen=True, slots=True)
class ResponsesAPI:
    """How a kind's providers speak the Responses API."""

    hosts: frozenset[str] = frozenset()
    """Where every model speaks it although the operator says nothing; `.example.com` stands for
    every host below."""
    always: str = NO_CHAT
    """Models that are asked this way whatever the caller speaks. A regular expression that matches
    from the name's beginning."""
    with_tools: str = NO_REASONING_WITH_TOOLS
    """Those that are asked this way when they are to reason and have tools."""

    def default_at(self, base_url: str) -> bool:
        """Whether all models at this address speak it."""
        host = (urlsplit(base_url).hostname or "").lower()
        return any(host == one or (one[:1] == "." and host.endswith(one)) for one in self.hosts)

    def spoken_by(self, model: str, base_url: str, patterns: tuple[str, ...]) -> bool:
        """Whether a model speaks it. `patterns` are the operator's: names, in which `*` stands for
        any characters, and names after a `!` that do not speak it. Where only such are given, the
        others speak it as the address has it."""
        model = model.casefold()
        without = [one[1:].casefold() for one in patterns if one.startswith("!")]
        those = [one.casefold() for one in patterns if not one.startswith("!")]
        if any(fnmatchcase(model, one) for one in without):
            return False
        return any(fnmatchcase(model, one) for one in those) if those else self.default_at(base_url)

    def preferred_for(self, model: str, *, reasoning_with_tools: bool) -> bool:
        """Whether a model that speaks it is better asked this way by callers of other protocols."""
        if re.match(self.always, model):
            return True
        return reasoning_with_tools and re.match(self.with_tools, model) is not None
