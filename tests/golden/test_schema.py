"""What the OpenAPI document promises. Descriptions, examples and titles may improve."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from django.test import Client

from tests.golden.test_golden import RECORD

KEPT: Final = Path(__file__).parent / "schema.json"
PROSE: Final = frozenset({"description", "summary", "example", "examples", "title", "tags"})
NAMES: Final = frozenset({"properties", "paths", "schemas", "responses", "parameters"})
"""Objects whose keys are names, which may be `description` too."""


def test_the_schema_stays() -> None:
    """Every path, method, parameter and answer; of every component the properties with their
    types, which are required, enumerations and bounds."""
    answer = Client().get("/api/schema", headers={"Accept": "application/json"})
    assert answer.status_code == 200
    found = _promised(answer.json())
    if RECORD in os.environ:
        KEPT.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        return
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    if found != kept:
        lines = difflib.unified_diff(
            list(_lines(kept)), list(_lines(found)), "recorded", "now", n=0, lineterm=""
        )
        pytest.fail("The schema changed:\n" + "\n".join(lines), pytrace=False)


def _promised(value: Any, named: bool = False) -> Any:
    """The document without its prose; what has no order is sorted."""
    if isinstance(value, Mapping):
        return {
            name: _sorted(name, _promised(inner, named=name in NAMES and not named))
            for name, inner in value.items()
            if named or name not in PROSE
        }
    if isinstance(value, list):
        return [_promised(inner) for inner in value]
    return value


def _sorted(name: str, value: Any) -> Any:
    if name in ("required", "enum") and isinstance(value, list):
        return sorted(value, key=str)
    if name == "parameters" and isinstance(value, list):
        return sorted(value, key=lambda one: (one.get("in", ""), one.get("name", "")))
    return value


def _lines(value: Any, path: str = "") -> Iterator[str]:
    """A line for every leaf, with its path."""
    if isinstance(value, Mapping) and value:
        for name in sorted(value):
            yield from _lines(value[name], f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        for index, inner in enumerate(value):
            yield from _lines(inner, f"{path}[{inner.get('name', index)}]")
    else:
        yield f"{path} = {json.dumps(value)}"
