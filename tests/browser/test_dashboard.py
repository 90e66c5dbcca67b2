"""The first page as an operator watches it."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import log_in
from tests.browser.conftest import Service, assert_usable
from tests.support import openai_shapes as shapes
from tests.support.installation import Installation
from tests.support.upstream import Json


def test_traffic_appears_without_a_reload(page: Page, service: Service) -> None:
    """A request of a caller, its fallback and the provider that failed it."""
    service.upstream.replies[:] = [Json(shapes.completion("fine"))]
    page.goto("/admin/")
    page.evaluate("window.stays = true")
    for _ in range(3):
        answer = service.ask("light/x")
        assert answer.headers["x-pointsman-fallback"] == "target"
    expect(page.get_by_role("rowheader", name="Light")).to_be_visible(timeout=20_000)
    expect(page.get_by_text("down is failing")).to_be_visible(timeout=20_000)
    assert page.evaluate("window.stays")
    page.get_by_role("link", name="Last 7 days").click()
    expect(page).to_have_url(re.compile("period=week"))
    expect(page.get_by_text("Each bar is 2 hours")).to_be_visible()
    apart = page.get_by_role("navigation", name="Told apart by")
    apart.get_by_role("link", name="Provider").click()
    expect(page).to_have_url(re.compile("by=provider"))
    down = page.get_by_role("row", name=re.compile("^down"))
    expect(down.get_by_role("link", name=re.compile(r"^\d+$"))).to_be_visible()
    assert_usable(page)
    apart.get_by_role("link", name="profile").click()
    page.get_by_role("region", name="Table by Routing profile").get_by_role(
        "link", name="Light"
    ).click()
    expect(page.locator("#result_list")).to_contain_text("next target")


def test_a_new_operator_is_shown_the_way(browser: Browser, tmp_path: Path) -> None:
    """Where nothing was asked yet, so in an installation of its own."""
    with Installation(tmp_path, "--no-model") as fresh:
        context = browser.new_context(base_url=fresh.url)
        page = context.new_page()
        log_in(page, "admin", fresh.password)
        page.goto("/admin/")
        page.get_by_role("link", name="Talk to a model").click()
        expect(page).to_have_url(re.compile("/admin/playground/"))
        context.close()
