"""PURE: what an answer is held to, as one JSON schema, whatever the request calls it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from inference.local.generation import ChatGeneration, InvalidGeneration, Object
from inference.local.wire import Json

CODE: Final = "unsupported_schema"
"""Of refusals that another target may not share."""


def constraint_of(generation: ChatGeneration) -> Json | None:
    """The schema that all of the answer's text is held to; None: it is free.

    Raises InvalidGeneration where it would have to be both a free call and an answer of a form.
    """
    if generation.tool_choice:
        return call_schema(generation.tools)
    if generation.response_format is None:
        return None
    if generation.tools:
        raise InvalidGeneration(
            "'response_format' cannot be held to here while 'tools' may be called: leave one of "
            "them out, or say 'tool_choice'.",
            "response_format",
            CODE,
        )
    return schema_of(generation.response_format)


def schema_of(response_format: Object) -> Json:
    if response_format["type"] == "json_object":
        return {"type": "object"}
    return dict(response_format["json_schema"]["schema"])


def call_schema(tools: Sequence[Object]) -> Json:
    """A call of any of the tools."""
    calls: list[Json] = []
    for tool in tools:
        function = tool["function"]
        arguments = function.get("parameters") or {"type": "object"}
        properties = {"name": {"const": function["name"]}, "arguments": arguments}
        calls.append(
            {
                "type": "object",
                "properties": properties,
                "required": ["name", "arguments"],
                "additionalProperties": False,
            }
        )
    return calls[0] if len(calls) == 1 else {"anyOf": calls}


def unsupported(words: str, param: str = "response_format.json_schema.schema") -> InvalidGeneration:
    """The refusal of a schema that cannot be held to."""
    return InvalidGeneration(f"The answer cannot be held to this schema: {words}", param, CODE)
