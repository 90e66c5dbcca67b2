"""The walk of one request in docs/architecture.md names files and functions that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (?P<step>.+?) \| `(?P<file>[\w/]+\.py)` \| `(?P<name>[\w.]+)` \|$", re.M)
FOLDER = re.compile(r"^(?P<indent> *)(?P<name>\w+)(?:/|\.py) ", re.M)


def steps() -> list[tuple[str, str, str]]:
    text = (ROOT / "docs/architecture.md").read_text()
    return [(found["step"], found["file"], found["name"]) for found in ROW.finditer(text)]


def defined(path: Path) -> set[str]:
    """Functions and methods of a file, methods with their class."""
    names: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.ClassDef):
            names |= {
                f"{node.name}.{one.name}"
                for one in node.body
                if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
            }
    return names


def test_it_works() -> None:
    """The table is there and as long as the way is."""
    assert len(steps()) >= 12


@pytest.mark.parametrize(("step", "file", "name"), steps())
def test_each_step_is_where_the_table_says(step: str, file: str, name: str) -> None:
    assert name in defined(ROOT / file), step


def test_every_room_that_is_drawn_exists_and_every_one_that_exists_is_drawn() -> None:
    text = (ROOT / "docs/architecture.md").read_text()
    drawn: dict[str, set[str]] = {}
    room = ""
    for found in FOLDER.finditer(text.split("```")[1]):
        if found["indent"]:
            drawn[room].add(found["name"])
        else:
            room = found["name"]
            drawn[room] = set()
    for name, folders in drawn.items():
        packages = {
            one.parent.name
            for one in (ROOT / name).glob("*/__init__.py")
            if one.parent.name not in ("migrations", "management", "templatetags")
        }
        files = {one.stem for one in (ROOT / name).glob("*.py")}
        assert packages <= folders, name
        assert folders <= packages | files, name
