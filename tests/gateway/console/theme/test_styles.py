"""The look of the pages: whatever class they name, some style sheet knows."""

from __future__ import annotations

import re
from pathlib import Path

import unfold

ROOT = Path(__file__).resolve().parents[4]
CONSOLE = ROOT / "gateway/console"
SHEETS = (
    Path(unfold.__file__).parent / "static/unfold/css/styles.css",
    *CONSOLE.rglob("*.css"),
)
HOOKS = {"console", "pm-play", "pm-attach"}
"""Classes that mark a place for scripts and styles below it."""


def classes(source: str) -> set[str]:
    found = re.findall(r'class="([^"]*)"', source)
    found += re.findall(r'"((?:dark:)?text-[a-z]+-\d+[^"{}]*)"', source)
    plain = (re.sub(r"{[%{].*?[%}]}", " ", one) for one in found)
    return {name for one in plain for name in one.split() if "{}" not in name}


def test_every_class_of_a_page_has_a_style() -> None:
    """The theme brings a compiled sheet: a class it never used is not in it, and does nothing."""
    known = "".join(sheet.read_text() for sheet in SHEETS)
    pages = [
        *ROOT.glob("templates/**/*.html"),
        *(page for kind in ("*.html", "*.js", "*.py") for page in CONSOLE.rglob(kind)),
    ]
    assert len(pages) > 90
    missing = {
        f"{page.name}: {name}"
        for page in pages
        for name in classes(page.read_text()) - HOOKS
        if "." + re.sub(r"([:/.\[\]!@%])", r"\\\1", name) not in known
    }
    assert missing == set()
