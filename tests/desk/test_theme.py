"""The look of the pages: whatever class they name, some style sheet knows."""

from __future__ import annotations

import re
from pathlib import Path

import unfold

ROOT = Path(__file__).resolve().parent.parent.parent
SHEETS = (
    Path(unfold.__file__).parent / "static/unfold/css/styles.css",
    *ROOT.glob("gateway/static/desk/**/*.css"),
)
HOOKS = {"desk", "pm-play", "pm-attach"}
"""Classes that mark a place for scripts and styles below it."""


def classes(source: str) -> set[str]:
    found = re.findall(r'class="([^"]*)"', source)
    found += re.findall(r'"((?:dark:)?text-[a-z]+-\d+[^"{}]*)"', source)
    plain = (re.sub(r"{[%{].*?[%}]}", " ", one) for one in found)
    return {name for one in plain for name in one.split() if name != "{}"}


def test_every_class_of_a_page_has_a_style() -> None:
    """The theme brings a compiled sheet: a class it never used is not in it, and does nothing."""
    known = "".join(sheet.read_text() for sheet in SHEETS)
    pages = [
        *ROOT.glob("templates/**/*.html"),
        *ROOT.glob("governance/templates/**/*.html"),
        *ROOT.glob("governance/admin/*.py"),
        *ROOT.glob("gateway/static/desk/**/*.js"),
    ]
    assert len(pages) > 30
    missing = {
        f"{page.name}: {name}"
        for page in pages
        for name in classes(page.read_text()) - HOOKS
        if "." + re.sub(r"([:/.\[\]!@%])", r"\\\1", name) not in known
    }
    assert missing == set()
