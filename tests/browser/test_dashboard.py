"""The first page as an operator watches it."""

from __future__ import annotations

import re

import httpx
from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk, assert_usable
from tests.support import openai_shapes as shapes
from tests.support.upstream import Json


def test_traffic_appears_without_a_reload(page: Page, desk: Desk) -> None:
    """A request of a caller, its fallback and the provider that failed it."""
    desk.upstream.replies[:] = [Json(shapes.completion("fine"))]
    page.goto("/admin/")
    page.evaluate("window.stays = true")
    for _ in range(3):
        answer = httpx.post(
            f"{desk.url}/v1/chat/completions",
            json={"model": "light/x", "messages": [{"role": "user", "content": "hi"}]},
            headers={"Authorization": f"Bearer {desk.api_key}"},
        )
        assert answer.headers["x-pointsman-fallback"] == "target"
    expect(page.get_by_role("rowheader", name="Light")).to_be_visible(timeout=20_000)
    expect(page.get_by_text("down is failing")).to_be_visible(timeout=20_000)
    assert page.evaluate("window.stays")
    page.get_by_role("link", name="Last week").click()
    expect(page).to_have_url(re.compile("period=week"))
    expect(page.get_by_text("A bar is one hour")).to_be_visible()
    assert_usable(page)


def test_a_new_operator_is_shown_the_way(page: Page) -> None:
    page.goto("/admin/")
    page.get_by_role("link", name="Talk to a model").click()
    expect(page).to_have_url(re.compile("/admin/playground/"))
