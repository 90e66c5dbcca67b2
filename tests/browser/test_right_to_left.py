"""Pages in a language that is written from right to left: mirrored, and whole."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import DESKTOP, TELEPHONE

TURN = "document.documentElement.dir = 'rtl'"
OVER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize(
    "path", ["", "governance/routingprofile/", "governance/routingprofile/light/change/"]
)
def test_pages_are_mirrored(page: Page, path: str) -> None:
    for size in (DESKTOP, TELEPHONE):
        page.set_viewport_size(size)
        page.goto(f"/admin/{path}")
        page.evaluate(TURN)
        assert page.evaluate(OVER) <= 0, size
    page.set_viewport_size(DESKTOP)
    bar = page.locator("#nav-sidebar").bounding_box()
    assert bar is not None
    assert bar["x"] > DESKTOP["width"] / 2
