"""What was measured, and the page of the docs that says so."""

from __future__ import annotations

import platform
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.support.installation import ROOT

PAGE = ROOT / "docs" / "reliability.md"
PAGES = {"limits": ROOT / "docs" / "limits.md"}
"""Sections that stand elsewhere."""


@dataclass(frozen=True)
class Figure:
    """One row of the page."""

    what: str
    found: str
    bound: str
    holds: bool


def resident(pid: int) -> float:
    """MB of physical memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def at_most(what: str, found: float, bound: float, unit: str) -> Figure:
    return Figure(what, f"{found:,.0f} {unit}", f"at most {bound:,.0f} {unit}", found <= bound)


def equal(what: str, found: object, wanted: object) -> Figure:
    return Figure(what, str(found), str(wanted), found == wanted)


def kept(section: str) -> list[Figure]:
    """The rows that stand in a section now."""
    _, _, rest = PAGES.get(section, PAGE).read_text().partition(f"<!-- {section} -->")
    lines = rest.partition("<!-- end -->")[0].splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    return [Figure(what, found, bound, holds=True) for what, found, bound in rows[1:]]


def write(section: str, figures: Iterable[Figure]) -> None:
    """Rewrites one section of the page, which stands between two markers."""
    rows = [f"| {one.what} | {one.found} | {one.bound} |" for one in figures]
    table = ["| what | measured | wanted |", "|---|---|---|", *rows]
    stamp = f"{time.strftime('%Y-%m-%d')}, Python {platform.python_version()}"
    body = "\n".join([f"<!-- {section} -->", f"Measured {stamp}.", "", *table, "<!-- end -->"])
    place = PAGES.get(section, PAGE)
    page = place.read_text()
    pattern = re.compile(rf"<!-- {section} -->.*?<!-- end -->", re.S)
    assert pattern.search(page), section
    place.write_text(pattern.sub(lambda _: body, page))
