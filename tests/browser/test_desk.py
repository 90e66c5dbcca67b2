"""The desk as an operator works with it: one screen a profile, one search, no dead ends."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, ViewportSize, expect

from tests.browser.conftest import DESKTOP, Service, assert_usable, findings

PROFILES = "/admin/governance/routingprofile"
WIDE = ViewportSize(width=1440, height=900)


@pytest.fixture(autouse=True, scope="module")
def profile(service: Service) -> None:
    """Three targets, as the page is measured with."""
    service.run(
        "from governance import services\n"
        "services.save_profile(one, who='tests')\n"
        "for n in range(27, 30):\n"
        "    services.create_key({'name': f'team {n}', 'scopes': ['inference']}, who='tests')\n",
        one={
            "id": "three",
            "name": "Three",
            "virtual_provider": "three",
            "targets": [
                {"provider": "down", "model": "gone"},
                {"provider": "fast", "model": "fast-1"},
                {"provider": "fast", "model": "fast-2"},
            ],
        },
    )


def rows(page: Page) -> Locator:
    return page.locator("#targets-data > [data-row]")


def models(page: Page) -> list[str]:
    found: list[str] = (
        rows(page).locator("[name$=-model]").evaluate_all("all => all.map(({ value }) => value)")
    )
    return found


def save(page: Page) -> None:
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()


def test_a_profile_stands_on_one_screen(page: Page) -> None:
    """At 1440 x 900: fields, three targets of 44 px and the verdict, without scrolling."""
    page.set_viewport_size(WIDE)
    page.goto(f"{PROFILES}/three/change/")
    verdict = page.locator(".pm-verdict")
    expect(verdict).to_contain_text("Answered")
    for row in rows(page).all():
        box = row.bounding_box()
        assert box is not None
        assert 44 <= box["height"] <= 45
    bar = page.locator("#submit-row").bounding_box()
    assert bar is not None
    for one in (page.locator("[name=name]"), rows(page).nth(2), verdict):
        box = one.bounding_box()
        assert box is not None
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= bar["y"]
    expect(page.locator("[data-summary]")).to_have_text(
        re.compile("^gone, then fast-1, then fast-2, ")
    )
    page.set_viewport_size(DESKTOP)
    assert_usable(page)


def test_one_order_by_hand_by_keys_and_by_buttons(page: Page) -> None:
    """Unsaved rows too; what is shown first is tried first, before and after the save."""
    page.goto(f"{PROFILES}/three/change/")
    page.get_by_role("button", name="Add target").click()
    page.keyboard.type("fast")
    page.locator("[name=targets-3-model]").fill("fast-9")
    rows(page).nth(3).locator("[data-handle]").focus()
    for _ in range(3):
        page.keyboard.press("ArrowUp")
    expect(rows(page).nth(0).locator("[data-handle]")).to_be_focused()
    assert models(page) == ["fast-9", "gone", "fast-1", "fast-2"]
    rows(page).nth(0).get_by_role("button", name="Move down").click()
    assert models(page) == ["gone", "fast-9", "fast-1", "fast-2"]
    handle, first = rows(page).nth(3).locator("[data-handle]"), rows(page).nth(0)
    start, end = handle.bounding_box(), first.bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + 5, start["y"] + 5)
    page.mouse.down()
    page.mouse.move(start["x"] + 5, end["y"] + 4, steps=10)
    page.mouse.up()
    shown = ["fast-2", "gone", "fast-9", "fast-1"]
    assert models(page) == shown
    chain = page.locator("#rehearse-result ol").first.locator("li")
    expect(chain).to_have_text([re.compile(one) for one in shown])
    save(page)
    assert models(page) == shown
    page.locator("[name=targets-2-DELETE]").focus()
    page.keyboard.press("Space")
    expect(chain).to_have_count(3)
    save(page)
    assert models(page) == ["fast-2", "gone", "fast-1"]


def test_every_provider_down_is_no_answer(page: Page) -> None:
    page.goto(f"{PROFILES}/three/change/")
    page.get_by_label("fast is").select_option("down")
    page.get_by_label("down is").select_option("down")
    expect(page.locator(".pm-verdict")).to_contain_text("Nobody answers")


def test_below_1100_pixels_the_panel_is_a_drawer(page: Page) -> None:
    page.set_viewport_size(ViewportSize(width=1000, height=800))
    page.goto(f"{PROFILES}/three/change/")
    panel = page.locator("#rehearse-panel")
    expect(panel).to_be_hidden()
    page.get_by_role("button", name="Rehearse", exact=True).click()
    expect(panel.locator(".pm-verdict")).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()


def test_conditions_lie_in_a_drawer(page: Page) -> None:
    page.goto(f"{PROFILES}/three/change/")
    button = rows(page).nth(0).get_by_role("button", name="Conditions")
    button.click()
    drawer = page.locator("#targets-0-conditions")
    drawer.get_by_label("vision").check()
    assert findings(page) == []
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(rows(page).nth(0).locator("[data-count]")).to_have_text("1")


def test_a_key_is_found_among_all(page: Page) -> None:
    page.goto(f"{PROFILES}/three/change/")
    field = page.get_by_role("combobox", name="Restrict to key")
    field.press_sequentially("team 29")
    listed = page.locator(f"#{field.get_attribute('aria-controls')} [role=option]")
    expect(listed).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(field).to_have_value("team 29")
    expect(page.locator("[name=virtual_key_id]")).to_have_value(re.compile("^key-"))
    field.fill("nobody knows this one")
    expect(page.get_by_text("Nothing found.")).to_be_visible()
    page.keyboard.press("Tab")
    expect(field).to_have_value("team 29")


def test_everything_is_found_by_one_search(page: Page) -> None:
    page.goto("/admin/")
    page.locator("html:not([x-cloak])").wait_for()
    page.keyboard.press("Control+k")
    palette = page.locator("#command-results")
    field = page.locator("#search-input-command")
    expect(field).to_be_focused()
    page.keyboard.type("disable provider down")
    expect(palette.get_by_role("link")).to_have_text(re.compile("Disable provider down"))
    field.fill("")
    page.keyboard.type("xyzzy")
    expect(palette).to_contain_text("Nothing found for “xyzzy”.")
    field.fill("")
    page.keyboard.type("three")
    palette.get_by_role("link", name="Three").first.click()
    page.wait_for_url("**/routingprofile/three/change/**")


def test_a_provider_is_tried_before_it_is_saved(page: Page, service: Service) -> None:
    page.goto("/admin/governance/provider/add/")
    page.fill("[name=name]", "tried")
    page.fill("[name=base_url]", "http://127.0.0.1:9/v1")
    page.locator("[name=is_local]").check()
    page.fill("[name=default_model]", "m")
    page.get_by_role("button", name="Test connection").click()
    result = page.locator("[data-try-result]")
    expect(result).to_contain_text("No connection")
    service.upstream.replies[:] = []
    assert_usable(page)


def test_a_key_is_made_once_and_copied(page: Page) -> None:
    page.goto("/admin/governance/apikey/add/")
    page.fill("[name=name]", "once")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_label("The API key")).to_have_value(re.compile("^pm-"))
    expect(page.locator(".pm-snippet")).to_have_count(5)
    page.get_by_role("button", name="Copy the key").click()
    expect(page.locator("#copied")).to_have_text("Copied.")
    page.reload()
    expect(page.get_by_text("shown once only")).to_be_visible()
    page.goto("/admin/governance/apikey/?q=once")
    expect(page.locator("#result_list tbody tr")).to_have_count(1)


def test_models_answer_side_by_side(page: Page, service: Service) -> None:
    service.says("Side by side", pause=0.05)
    page.goto("/admin/playground/")
    page.get_by_role("button", name="Compare models").click()
    page.fill("#play-model", "fast/fast-1")
    page.fill("#play-model-2", "fast/fast-2")
    page.fill("#play-text", "Hi")
    page.keyboard.press("Enter")
    expect(page.locator(".pm-lane")).to_have_count(1)
    expect(page.locator(".pm-lane")).to_contain_text("Side by side")
    expect(page.locator("#play-log")).to_contain_text("Side by side")
    expect(page.locator(".pm-lane .pm-status")).to_contain_text("whole answer")
    page.locator("#play-attempts").get_by_role("link", name=re.compile("^req_")).click()
    page.wait_for_url("**/interaction/?q=req_*")


def test_what_was_typed_stands_as_a_call_of_the_api(page: Page) -> None:
    page.goto(f"{PROFILES}/three/change/")
    page.locator("summary", has_text="As curl").click()
    place = page.locator(".pm-as-curl pre")
    expect(place).to_contain_text("curl -X PUT")
    page.fill("[name=name]", "Typed anew")
    expect(place).to_contain_text('"name": "Typed anew"')


def test_no_way_ends(page: Page) -> None:
    page.goto("/admin/playground/send")
    expect(page).to_have_url(re.compile("/admin/playground/$"))
    page.goto("/admin/nothing/here")
    page.get_by_role("link", name="To the dashboard").click()
    expect(page).to_have_url(re.compile("/admin/$"))
    page.goto(f"{PROFILES}/three/change/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.get_by_role("link", name="Help").click()
    expect(page.locator("h1#routing")).to_be_visible()
