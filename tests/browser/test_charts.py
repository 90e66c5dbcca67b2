"""The charts of the dashboard and of usage: drawn, told on hover and by keyboard, compared."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import TELEPHONE, Service, assert_usable
from tests.support import openai_shapes as shapes
from tests.support.upstream import Json


@pytest.fixture(scope="module", autouse=True)
def traffic(service: Service) -> None:
    service.upstream.replies[:] = [Json(shapes.completion("fine"))]
    for _ in range(4):
        service.ask("light/x")
    service.logged(4)


@pytest.mark.parametrize("path", ["/admin/?period=hour", "/admin/usage/?period=week"])
def test_charts_are_read_by_keyboard(page: Page, path: str) -> None:
    """The arrow keys tell the time, the values and their units."""
    page.goto(path)
    canvas = page.locator("#chart-requests")
    page.wait_for_function("document.getElementById('chart-requests').chart")
    canvas.focus()
    page.keyboard.press("End")
    said = page.locator("#chart-requests-said")
    expect(said).to_contain_text(re.compile(r"\d{4}.*: \d"))
    before = said.text_content()
    page.keyboard.press("ArrowLeft")
    expect(said).not_to_have_text(before or "")
    drawn = page.evaluate(
        "[...document.querySelectorAll('canvas')].map(one => Object.keys(one.chart.scales).join())"
    )
    assert set(drawn) == {"x,y"}
    assert_usable(page)


def test_a_drawing_never_widens_the_page(page: Page) -> None:
    """Between two drawings a canvas has a width of its own; not so its place, nor the page."""
    page.set_viewport_size(TELEPHONE)
    for path in ("/admin/?period=hour", "/admin/usage/", "/admin/governance/interaction/"):
        page.goto(path)
        page.wait_for_function("document.querySelector('canvas').chart")
        over = page.evaluate(
            """() => {
                for (const canvas of document.querySelectorAll("canvas")) {
                    canvas.style.width = "2000px";
                }
                return document.scrollingElement.scrollWidth - innerWidth;
            }"""
        )
        assert over <= 0, path


def test_any_range_and_what_changed(page: Page, service: Service) -> None:
    """The ends are chosen in the viewer's zone; a change of the configuration stands on it."""
    made = service.api("POST", "model-mappings", {"pattern": "marked", "destination": "light"})
    page.goto("/admin/?period=day")
    page.wait_for_function("document.getElementById('chart-requests').chart")
    marks = page.evaluate("JSON.parse(document.getElementById('dashboard-data').textContent)")
    assert any("marked" in one["label"] for one in marks["requests"]["marks"])
    page.get_by_role("button", name="Show this time").click()
    expect(page).to_have_url(re.compile("from=.*to="))
    expect(page.locator("[data-tile=requests] dd a")).to_be_visible()
    service.api("DELETE", f"model-mappings/{made['mapping']['id']}")


def test_new_values_come_without_a_reload(page: Page, service: Service) -> None:
    page.goto("/admin/?period=hour")
    page.evaluate("window.stays = true")
    tile = page.locator("[data-tile=requests] dd")
    before = tile.text_content() or ""
    service.ask("light/x")
    expect(tile).not_to_have_text(before, timeout=20_000)
    assert page.evaluate("window.stays")
    total = page.evaluate(
        """document.getElementById('chart-requests').chart.data.datasets.slice(0, 4)
        .flatMap(one => one.data).reduce((sum, one) => sum + one, 0)"""
    )
    assert str(total) in (tile.locator("a").text_content() or "").replace(",", "")


def test_the_table_is_sorted(page: Page) -> None:
    page.goto("/admin/?period=day&by=provider")
    page.get_by_role("link", name="Failed attempts", exact=True).click()
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("Failed attempts")
    first = page.get_by_role("region", name="Table by Provider").locator("tbody tr").first
    expect(first).to_contain_text("down")
