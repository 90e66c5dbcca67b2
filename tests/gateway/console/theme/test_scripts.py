"""Scripts say nothing to people but by `gettext`, whose words the page's catalogue translates."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.console.page_files import ROOT

SCRIPTS = sorted(Path(ROOT).glob("*/*.js"))
_COMMENT = re.compile(r"^\s*//.*$|(?<=[\s;{}])//[^\n\"`]*$", re.MULTILINE)
_TOLD = re.compile(r"gettext\(\"(?:[^\"\\\n]|\\.)*\"\)")
_TEXT = re.compile(r'"((?:[^"\\\n]|\\.)*)"|`([^`]*)`')
_PROSE = re.compile(r"^[A-Z][a-z]+(?:[ ,.…]|$)|[A-Za-z]{2,}[,.…]? [a-z]{2,} [a-z]{2,}")
_PROGRAM = re.compile(r"pm-|[\[\]<>=#]|::|^[A-Z][a-z]+(?:-[A-Z][a-z]+)*$|://|\$\{[^}]*\?")
"""Selectors, names of classes, keys and headers."""


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_says_what_can_be_translated(script: Path) -> None:
    text = _TOLD.sub("", _COMMENT.sub("", script.read_text()))
    found = [one or two for one, two in _TEXT.findall(text)]
    assert [one for one in found if _PROSE.search(one) and not _PROGRAM.search(one)] == []
