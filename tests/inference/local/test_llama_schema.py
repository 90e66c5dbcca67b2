"""What llama.cpp would pass over in a schema is refused by name; the rest goes through."""

from typing import Any

import pytest

from inference.local.generation import InvalidGeneration
from inference.local.llama_schema import check_schema

PYDANTIC = {
    "$defs": {"City": {"enum": ["Paris", "Rome"], "type": "string", "title": "City"}},
    "type": "object",
    "title": "Weather",
    "properties": {
        "city": {"$ref": "#/$defs/City"},
        "degrees": {"type": "integer", "minimum": -50, "maximum": 60},
        "words": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        "day": {"type": "string", "format": "date"},
        "names": {"type": "array", "items": {"type": "string", "maxLength": 5}, "minItems": 1},
        "either": {"type": ["string", "null"], "minLength": 2},
    },
    "required": ["city"],
    "additionalProperties": False,
    "x-order": 1,
}


def test_it_works() -> None:
    check_schema(PYDANTIC)
    check_schema({})
    check_schema(True)


@pytest.mark.parametrize(
    ("schema", "named"),
    [
        ({"type": "number", "minimum": 1}, "'minimum'"),
        ({"type": "integer", "multipleOf": 2}, "'multipleOf'"),
        ({"type": "array", "uniqueItems": True}, "'uniqueItems'"),
        ({"type": "object", "patternProperties": {"^x": {}}}, "'patternProperties'"),
        ({"type": "object", "minProperties": 1}, "'minProperties'"),
        ({"not": {"type": "string"}}, "'not'"),
        ({"type": "string", "format": "email"}, "'email'"),
        ({"type": "string", "pattern": "a+"}, "begin with"),
        ({"type": "string", "pattern": "^a$", "minLength": 1}, "together"),
        ({"enum": ["a"], "minLength": 3}, "'minLength'"),
        ({"anyOf": [{"type": "object", "if": {}}]}, "'if' at anyOf[0]"),
        ({"properties": {"a": {"items": {"contains": {}}}}}, "'contains' at a.items"),
        ({"$defs": {"T": {"dependentRequired": {}}}}, "'dependentRequired' at T"),
        ({"properties": {"a": 1}}, "a must be an object"),
    ],
)
def test_a_keyword_that_would_not_hold_is_named(schema: Any, named: str) -> None:
    with pytest.raises(InvalidGeneration) as caught:
        check_schema(schema)
    assert named in caught.value.message
    assert caught.value.code == "unsupported_schema"


def test_a_schema_without_end_is_refused() -> None:
    schema: dict[str, Any] = {}
    for _ in range(100):
        schema = {"items": schema, "type": "array"}
    with pytest.raises(InvalidGeneration, match="deeper"):
        check_schema(schema)
