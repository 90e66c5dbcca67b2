"""JSON schemas as Anthropic's structured outputs take them.

Objects are closed, alternatives are `anyOf`, definitions stand in `$defs`. Keywords that it does
not know move into the description, where the model reads them. Source: Anthropic's guide to
structured outputs, and `transform_schema` of its SDK.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from inference.translate.base import Inexpressible
from inference.translate.json_errors import Dropped

_DEEPEST: Final = 100
_KNOWN: Final = frozenset(
    {
        "$schema",
        "$ref",
        "type",
        "enum",
        "const",
        "description",
        "title",
        "default",
        "required",
    }
)
_FORMATS: Final = frozenset(
    {
        "date-time",
        "time",
        "date",
        "duration",
        "email",
        "hostname",
        "uri",
        "ipv4",
        "ipv6",
        "uuid",
    }
)
_SCHEMA_LISTS: Final = {"anyOf": "anyOf", "oneOf": "anyOf", "allOf": "allOf"}
_SCHEMA_MAPS: Final = {"properties": "properties", "$defs": "$defs", "definitions": "$defs"}
_REFERENCE: Final = "#/definitions/"


def closed_schema(schema: Any, field: str, dropped: Dropped) -> Any:
    """The schema in an accepted form. What is not enforced any more is named below `field`.

    Raises `Inexpressible` for one that is nested too deeply.
    """
    return _Closing(field, dropped).schema(schema, 0)


class _Closing:
    """One schema on its way; `field` is where it stands in the request."""

    def __init__(self, field: str, dropped: Dropped) -> None:
        self._field = field
        self._dropped = dropped

    def schema(self, schema: Any, depth: int) -> Any:
        if depth > _DEEPEST:
            raise Inexpressible(self._field, f"`{self._field}` is nested too deeply.")
        if not isinstance(schema, dict):
            return {} if schema is True else schema
        out: dict[str, Any] = {}
        told: dict[str, Any] = {}
        for name, value in schema.items():
            self._keyword(name, value, out, told, depth)
        if _is_object(schema):
            if schema.get("additionalProperties") not in (None, False, True):
                told["additionalProperties"] = schema["additionalProperties"]
            out["additionalProperties"] = False
        if told:
            self._dropped.add(*(f"{self._field}.{name}" for name in told))
            out["description"] = _described(out.get("description"), told)
        return out

    def _keyword(
        self, name: str, value: Any, out: dict[str, Any], told: dict[str, Any], depth: int
    ) -> None:
        if name in _SCHEMA_MAPS and isinstance(value, dict):
            below = {key: self.schema(inner, depth + 1) for key, inner in value.items()}
            out.setdefault(_SCHEMA_MAPS[name], {}).update(below)
        elif name in _SCHEMA_LISTS and isinstance(value, list) and _SCHEMA_LISTS[name] not in out:
            out[_SCHEMA_LISTS[name]] = [self.schema(inner, depth + 1) for inner in value]
        elif name == "items" and isinstance(value, dict | bool):
            out[name] = self.schema(value, depth + 1)
        elif name == "$ref" and isinstance(value, str):
            out[name] = value.replace(_REFERENCE, "#/$defs/", 1)
        elif name == "additionalProperties":
            return
        elif name in _KNOWN or _is_kept(name, value):
            out[name] = value
        else:
            told[name] = value


def _is_kept(name: str, value: Any) -> bool:
    """Keywords that are known with some values alone."""
    if name == "format":
        return isinstance(value, str) and value in _FORMATS
    return name == "minItems" and value in (0, 1)


def _is_object(schema: dict[str, Any]) -> bool:
    kind = schema.get("type")
    listed = isinstance(kind, list) and "object" in kind
    return kind == "object" or listed or isinstance(schema.get("properties"), dict)


def _described(description: Any, told: dict[str, Any]) -> str:
    words = ", ".join(f"{name}: {msgspec.json.encode(told[name]).decode()}" for name in told)
    before = f"{description}\n\n" if isinstance(description, str) and description else ""
    return f"{before}{{{words}}}"
