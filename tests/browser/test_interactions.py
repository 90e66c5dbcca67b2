"""The list of interactions as an operator works with it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Service, assert_usable, findings
from tests.support import openai_shapes as shapes
from tests.support.upstream import Json

LIST = "/admin/governance/interaction/"
CALLS = 6


@pytest.fixture(scope="module", autouse=True)
def traffic(service: Service) -> None:
    """Some requests: most fall back, one is part of a session, one names no model there is."""
    service.upstream.replies[:] = [Json(shapes.completion("fine"))]
    for number in range(CALLS):
        service.ask("light/x", user=f"u{number}")
    service.ask("nobody/knows-it")
    service.logged(CALLS + 1)


def rows(page: Page):
    return page.locator("#rows tr")


def test_rows_are_dense_and_whole_on_hover(page: Page) -> None:
    """Of 32 px, cut with an ellipsis, with all of it on hover and the zone said."""
    page.goto(f"{LIST}?model=fast-1")
    box = rows(page).first.bounding_box()
    assert box is not None
    assert 31 <= box["height"] <= 34
    cell = rows(page).first.locator("td").nth(4)
    assert cell.evaluate("cell => getComputedStyle(cell).textOverflow") == "ellipsis"
    assert "/" in (cell.get_attribute("title") or "")
    expect(page.locator("thead .pm-zone")).not_to_be_empty()
    time = page.locator("#rows time").first
    assert re.search(r"\d\d:\d\d:\d\d\.\d{3}", time.get_attribute("title") or "")
    assert_usable(page)


def test_columns_are_chosen_and_remembered(page: Page) -> None:
    page.goto(LIST)
    page.get_by_text("Columns", exact=True).first.click()
    page.get_by_label("Session", exact=True).check()
    page.get_by_label("Tokens", exact=True).uncheck()
    page.get_by_role("button", name="Show these").click()
    page.goto(LIST)
    heads = page.locator("thead th")
    expect(heads.filter(has_text="Session")).to_have_count(1)
    expect(heads.filter(has_text=re.compile("^Tokens$"))).to_have_count(0)
    page.context.clear_cookies(name="interaction_columns")


def test_facets_narrow_chips_take_back(page: Page) -> None:
    """Counts stand beside values; typing searches them; a chip without its filter widens again."""
    page.goto(LIST)
    menu = page.locator("[data-facet=outcome]")
    menu.locator("summary").click()
    expect(menu.get_by_role("link", name=re.compile(r"Answered"))).to_be_visible()
    menu.get_by_role("searchbox").fill("reject")
    expect(menu.get_by_role("link")).to_have_count(2)
    menu.get_by_role("searchbox").fill("")
    assert findings(page) == []
    menu.get_by_role("link", name=re.compile("Any error")).click()
    expect(page.get_by_role("list", name="Filters in force")).to_contain_text("Any error")
    assert rows(page).count() >= 1
    page.get_by_role("link", name=re.compile("^Without Outcome")).click()
    expect(page.get_by_role("list", name="Filters in force")).to_have_count(0)
    page.keyboard.press("Escape")


def test_totals_and_a_time_chosen_by_keyboard(page: Page) -> None:
    page.goto(f"{LIST}?period=hour")
    expect(page.locator("#summary")).to_contain_text("First token p50 / p95")
    page.locator("#histogram").focus()
    page.wait_for_function("document.getElementById('histogram').chart")
    page.keyboard.press("End")
    expect(page.locator("#histogram-said")).to_contain_text("Requests")
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Enter")
    page.wait_for_url("**from=*to=*")
    expect(page.get_by_role("list", name="Filters in force")).to_contain_text("Time")


def test_a_time_is_dragged_over_the_bars(page: Page) -> None:
    page.goto(f"{LIST}?period=hour")
    page.wait_for_function("document.getElementById('histogram').chart")
    box = page.locator("#histogram").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.5, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.9, middle, steps=4)
    page.mouse.up()
    page.wait_for_url("**from=*to=*")


def test_rows_arrive_while_live(page: Page, service: Service) -> None:
    page.goto(LIST)
    first = rows(page).first.get_attribute("data-pk")
    page.get_by_role("button", name="Live").click()
    expect(page.get_by_role("button", name="Live: on")).to_have_attribute("aria-pressed", "true")
    service.ask("light/arrives-live")
    expect(rows(page).first).to_contain_text("light/arrives-live", timeout=15_000)
    assert rows(page).first.get_attribute("data-pk") != first
    page.get_by_role("button", name="Live: on").click()


def test_one_request_beside_the_list(page: Page) -> None:
    """By keyboard to the older and back; links to what it names; Escape leads back to the row."""
    page.goto(f"{LIST}?model=fast-1")
    rows(page).first.locator("a").focus()
    page.keyboard.press("Enter")
    panel = page.get_by_role("complementary", name="The chosen request")
    expect(panel.get_by_role("heading", level=2).first).to_contain_text("Answered by fast / fast-1")
    for link in ("Routing profile Light", "Provider fast", "Open in playground", "Whole page"):
        expect(panel.get_by_role("link", name=link)).to_be_visible()
    assert findings(page) == []
    page.keyboard.press("j")
    expect(rows(page).nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("k")
    expect(rows(page).first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    assert page.evaluate("document.activeElement.closest('tr')?.dataset.pk") == rows(
        page
    ).first.get_attribute("data-pk")


KEPT = {
    "temperature": 0.15,
    "top_p": 0.5,
    "tools": [{"type": "function", "function": {"name": "look", "strict": True}}],
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "name": "ann", "content": [{"type": "text", "text": "A kept hen?"}]},
        {"role": "assistant", "content": "Which hen?"},
        {"role": "user", "content": "This one."},
    ],
}


def test_a_kept_request_is_sent_again_from_the_playground(page: Page, service: Service) -> None:
    """Word for word, with everything that no field of the form holds; then it goes on."""
    service.upstream.replies[:] = [Json(shapes.completion("The red one."))]
    asked = service.ask("fast/fast-2", **KEPT)
    service.logged(1, id=asked.headers["x-request-id"])
    page.goto(f"{LIST}?id={asked.headers['x-request-id']}&q={asked.headers['x-request-id']}")
    rows(page).first.locator("a").click()
    page.get_by_role("link", name="Open in playground").click()
    expect(page.locator("#play-note")).to_contain_text("3 messages, as they were sent")
    log = page.locator("#play-log")
    expect(log).to_contain_text("A kept hen?")
    expect(log).to_contain_text("The red one.")
    expect(page.locator("#play-system")).to_have_value("Be brief.")
    expect(page.locator("#play-model")).to_have_value("fast/fast-2")
    assert_usable(page)
    before = service.upstream.asked[-1].body
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_text("The answer is complete.")).to_be_visible()
    assert service.upstream.asked[-1].body == before
    page.fill("#play-text", "Go on.")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The answer is complete.")).to_be_visible()
    said = service.upstream.asked[-1].body["messages"]
    assert said[:4] == KEPT["messages"]
    assert [one["role"] for one in said[4:]] == ["assistant", "user"]
    assert page.evaluate("JSON.stringify(localStorage)").count("Be brief") == 0


@pytest.mark.parametrize(("name", "lines"), [("CSV", "csv"), ("JSON lines", "jsonl")])
def test_what_is_filtered_is_taken_away(page: Page, name: str, lines: str, tmp_path: Path) -> None:
    page.goto(f"{LIST}?model=fast-1")
    page.get_by_text("Export", exact=True).first.click()
    with page.expect_download() as found:
        page.get_by_role("link", name=re.compile(name)).click()
    path = tmp_path / lines
    found.value.save_as(path)
    told = path.read_text().splitlines()
    if lines == "csv":
        assert told[0].startswith("request_id,time,")
        assert len(told) > CALLS
    else:
        assert {json.loads(one)["model"] for one in told} == {"fast-1"}


def test_search_by_what_is_shown(page: Page) -> None:
    """A profile's name, a model asked for, a request id."""
    page.goto(LIST)
    for words in ("Light", "nobody/knows-it"):
        page.get_by_role("searchbox", name="Search").first.fill(words)
        page.keyboard.press("Enter")
        page.wait_for_url("**q=*")
        expect(rows(page).first).to_contain_text(words)
    page.goto(f"{LIST}?q=nowhere-to-be-found")
    expect(page.get_by_text("Nothing matches.")).to_be_visible()


def test_the_turns_of_a_session(page: Page, service: Service) -> None:
    for _ in range(3):
        httpx.post(
            f"{service.url}/v1/chat/completions",
            json={"model": "light/x", "messages": [{"role": "user", "content": "hi"}]},
            headers={
                "Authorization": f"Bearer {service.api_key}",
                "X-Session-ID": "browser-run",
            },
        ).raise_for_status()
    service.logged(3, session="browser-run")
    page.goto(LIST)
    page.get_by_role("link", name="Conversations").click()
    assert_usable(page)
    page.get_by_role("link", name="browser-run").click()
    expect(page.locator("tbody tr")).to_have_count(3)
    assert_usable(page)
