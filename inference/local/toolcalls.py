"""PURE: the text of a tool call, parsed by the model's own parser, in OpenAI's form."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from inference.local.generation import Object

Parser = Callable[[str, Any], Any]
"""(text between the markers, tools) -> a call or a list of calls, each with name and arguments."""


@dataclass(frozen=True)
class ParsedToolCall:
    """One call; `arguments` is JSON text, as the protocol has it."""

    id: str
    name: str
    arguments: str


def parse(
    text: str, tools: Sequence[Object], parser: Parser, new_id: Callable[[], str]
) -> tuple[ParsedToolCall, ...] | None:
    """The calls written in `text`, or None when it is not what the parser knows."""
    try:
        parsed = parser(text, list(tools))
    except Exception:  # parsers raise whatever their format trips over
        return None
    calls = parsed if isinstance(parsed, list) else [parsed]
    result = []
    for call in calls:
        name = call.get("name") if isinstance(call, dict) else None
        if not isinstance(name, str) or not name:
            return None
        arguments = call.get("arguments")
        if arguments is None:
            arguments = {}
        if not isinstance(arguments, str):
            arguments = json.dumps(arguments, ensure_ascii=False)
        result.append(ParsedToolCall(new_id(), name, arguments))
    return tuple(result) or None
