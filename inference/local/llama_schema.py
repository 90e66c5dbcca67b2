"""PURE: which parts of a JSON schema llama.cpp holds an answer to; the others are refused by name.

llama.cpp makes a grammar of a schema and passes over what it does not know: an answer would then
break the rule without anyone being told. After `json-schema-to-grammar` of llama.cpp.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from inference.local.constraint import schema_of, unsupported
from inference.local.generation import ChatGeneration, Object

_NOTES: Final = frozenset(
    [
        "$schema",
        "$id",
        "$comment",
        "$anchor",
        "$vocabulary",
        "title",
        "description",
        "default",
        "examples",
        "deprecated",
        "readOnly",
        "writeOnly",
        "contentEncoding",
        "contentMediaType",
        "contentSchema",
        "discriminator",
        "xml",
        "externalDocs",
        "example",
        "nullable",
        "strict",
        "name",
    ]
)
"""They say nothing about what is valid."""
_HELD: Final = frozenset(
    ["$ref", "$defs", "definitions", "type", "enum", "const", "anyOf", "oneOf", "allOf"]
)
_OF_TYPE: Final = {
    "object": frozenset(["properties", "required", "additionalProperties"]),
    "array": frozenset(["items", "prefixItems", "minItems", "maxItems"]),
    "string": frozenset(["minLength", "maxLength", "pattern", "format"]),
    "integer": frozenset(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]),
}
_FORMATS: Final = frozenset(
    ["date", "time", "date-time", "uuid", "uuid1", "uuid2", "uuid3", "uuid4", "uuid5"]
)
_ALONE: Final = ("pattern", "minLength", "maxLength", "format")
"""Of these the first that is there wins."""
_MANY: Final = ("properties", "$defs", "definitions")
_LISTS: Final = ("anyOf", "oneOf", "allOf", "prefixItems")
_ONE: Final = ("items", "additionalProperties")
_DEEPEST: Final = 64


def check_schema(schema: Any, param: str = "response_format.json_schema.schema") -> None:
    """Raises InvalidGeneration that names the first keyword llama.cpp would pass over."""
    for trouble in _troubles(schema, "", 0):
        raise unsupported(trouble, param)


def _troubles(schema: Any, where: str, depth: int) -> Iterator[str]:
    if isinstance(schema, bool):
        return
    if depth > _DEEPEST:
        yield f"it is nested deeper than {_DEEPEST}."
        return
    if not isinstance(schema, dict):
        yield f"{where or 'it'} must be an object."
        return
    place = f" at {where}" if where else ""
    held = _HELD | _held_by_type(schema)
    for key in schema:
        if key not in held and key not in _NOTES and not key.startswith("x-"):
            yield f"{key!r}{place} is not supported by this model's runtime."
    yield from _of_strings(schema, place)
    for path, inner in _inner(schema, where):
        yield from _troubles(inner, path, depth + 1)


def _held_by_type(schema: Object) -> frozenset[str]:
    """Keywords of one type are held where the schema is of that type, and none beside a union,
    a list of values or a reference, which decide alone."""
    if any(key in schema for key in ("$ref", "anyOf", "oneOf", "enum", "const")):
        # Beside them only what describes an object is read by nobody, and asks for nothing.
        return frozenset()
    said = schema.get("type")
    if said is None:
        guessed = [kind for kind in ("object", "array") if _OF_TYPE[kind] & schema.keys()]
        said = guessed[0] if guessed else "string"
    kinds = said if isinstance(said, list) else [said]
    return frozenset().union(*(_OF_TYPE.get(str(kind), frozenset()) for kind in kinds))


def _of_strings(schema: Object, place: str) -> Iterator[str]:
    form, pattern = schema.get("format"), schema.get("pattern")
    if schema.get("type") == "string" and form is not None and form not in _FORMATS:
        yield f"the format {form!r}{place} is not supported by this model's runtime."
    if isinstance(pattern, str) and not (pattern.startswith("^") and pattern.endswith("$")):
        yield f"'pattern'{place} must begin with ^ and end with $."
    given = [key for key in _ALONE if key in schema]
    if len({"length" if "Length" in key else key for key in given}) > 1:
        yield f"{' and '.join(map(repr, given))}{place} cannot be held to together."


def _inner(schema: Object, where: str) -> Iterator[tuple[str, Any]]:
    for key in _MANY:
        if isinstance(schema.get(key), dict):
            for name, inner in schema[key].items():
                yield f"{where}.{name}".lstrip("."), inner
    for key in _LISTS:
        if isinstance(schema.get(key), list):
            for number, inner in enumerate(schema[key]):
                yield f"{where}.{key}[{number}]".lstrip("."), inner
    for key in _ONE:
        if isinstance(schema.get(key), dict):
            yield f"{where}.{key}".lstrip("."), schema[key]


def check_forms(asked: ChatGeneration) -> None:
    """What an answer is to be held to must be what llama.cpp holds to. Raises InvalidGeneration."""
    if asked.response_format is not None:
        check_schema(schema_of(asked.response_format))
    if asked.tool_choice:
        for place, tool in enumerate(asked.tools):
            parameters = tool["function"].get("parameters") or {}
            check_schema(parameters, f"tools[{place}].function.parameters")
