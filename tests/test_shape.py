"""The shape of the house: functions that are read at once, and a name for each thing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("gateway", "governance", "inference")
LONGEST_FUNCTION = 50
"""Lines."""
NAMED_BY_DJANGO = {"Command", "Media", "Meta"}


def product() -> Iterator[tuple[str, ast.Module]]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "migrations" not in path.parts:
                yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def test_no_function_is_too_long_to_be_read_at_once() -> None:
    long = [
        f"{path}:{node.lineno} {node.name} has {node.end_lineno - node.lineno + 1} lines"
        for path, tree in product()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= LONGEST_FUNCTION
    ]
    assert not long


def test_one_class_name_names_one_thing() -> None:
    """What a module keeps to itself, and what a framework finds by its name, is left out."""
    found: dict[str, list[str]] = {}
    for path, tree in product():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.name not in NAMED_BY_DJANGO:
                found.setdefault(node.name, []).append(f"{path}:{node.lineno}")
    assert not {
        name: places
        for name, places in found.items()
        if len(places) > 1 and not name.startswith("_")
    }
