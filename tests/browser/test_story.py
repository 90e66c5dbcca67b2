"""An operator's day: a profile made by hand, rehearsed, used, broken, watched and taken back."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Service, assert_usable
from tests.browser.test_playground import say
from tests.support import openai_shapes as shapes
from tests.support.upstream import Sse, Upstream


def test_from_a_new_profile_to_a_revert(page: Page, service: Service) -> None:
    an_operators_day(page, service)


def an_operators_day(page: Page, service: Service) -> None:
    with Upstream(Sse(shapes.stream("From the first"))) as first:
        connection = {"kind": "openai", "base_url": first.base_url, "is_local": True}
        service.api("POST", "providers", {"name": "first", **connection})
        service.says("From the second")
        make_a_profile(page)
        talk_to_it(page, "From the first")
        service.logged(1, profile="Story")
        watch_the_interaction(page, "first/first-1")
    # The first provider is gone now.
    for _ in range(3):
        talk_to_it(page, "From the second")
    attempts = page.locator("#play-attempts").get_by_role("listitem")
    expect(attempts.nth(0)).to_contain_text("connect failed")
    expect(attempts.nth(1)).to_contain_text("answered")
    service.logged(4, profile="Story")
    watch_the_interaction(page, "next target")
    look_at_its_way(page)
    expect_it_to_need_attention(page)
    switch_the_first_target_off(page)
    take_it_back(page)


def make_a_profile(page: Page) -> None:
    """By hand: two targets, rehearsed before they are saved, the second dragged above the first."""
    page.goto("/admin/governance/routingprofile/add/")
    page.fill("[name=name]", "Story")
    page.fill("[name=virtual_provider]", "story")
    page.fill("[name=targets-0-provider]", "fast")
    page.fill("[name=targets-0-model]", "fast-1")
    page.get_by_role("button", name="Add target").click()
    page.fill("[name=targets-1-provider]", "first")
    page.fill("[name=targets-1-model]", "first-1")
    chain = page.locator("#rehearse-result ol li")
    expect(chain).to_have_text([re.compile("fast / fast-1"), re.compile("first / first-1")])
    expect(page.locator("#rehearse-result")).to_contain_text("The profile is not saved yet.")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("was added successfully")).to_be_visible()
    drag(page, 1, above=0)
    expect(chain).to_have_text([re.compile("first / first-1"), re.compile("fast / fast-1")])
    expect(page.locator("#rehearse-result")).to_contain_text("moves from place 2 to 1")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    expect(page.locator("#result_list").get_by_role("link", name="Story")).to_be_visible()


def drag(page: Page, row: int, above: int) -> None:
    """By its handle, in steps, as a hand would."""
    rows = page.locator("#targets-data > [data-row]")
    handle = rows.nth(row).locator("[data-handle]")
    rows.nth(above).scroll_into_view_if_needed()
    start, end = handle.bounding_box(), rows.nth(above).bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + 5, start["y"] + 5)
    page.mouse.down()
    page.mouse.move(start["x"] + 5, end["y"] + 5, steps=8)
    page.mouse.up()


def talk_to_it(page: Page, answer: str) -> None:
    page.goto("/admin/playground/?model=story/any")
    say(page, "Who answers?")
    expect(page.locator("#play-log")).to_contain_text(answer)


def watch_the_interaction(page: Page, words: str) -> None:
    """The latest of the log."""
    page.goto("/admin/governance/interaction/")
    row = page.locator("#result_list tbody tr").first
    expect(row).to_contain_text("Story")
    expect(row).to_contain_text(words)


def look_at_its_way(page: Page) -> None:
    """On its own page: who failed, who answered, when the first token came."""
    page.locator("#result_list tbody a").first.click()
    way = page.get_by_role("region", name="Answered by fast / fast-1 after 2 attempts")
    legs = way.get_by_role("list", name="Attempts on a time line").get_by_role("listitem")
    expect(legs).to_have_text(
        [re.compile("first / first-1.*connect failed", re.S), re.compile("fast.*answered", re.S)]
    )
    expect(way).to_contain_text("the mark is the first token")


def expect_it_to_need_attention(page: Page) -> None:
    page.goto("/admin/")
    expect(page.get_by_role("link", name="first is failing")).to_be_visible()


def switch_the_first_target_off(page: Page) -> None:
    page.goto("/admin/governance/routingprofile/")
    page.locator("#result_list").get_by_role("link", name="Story").click()
    page.locator("[name=targets-0-enabled]").uncheck()
    expect(page.locator("#rehearse-result")).to_contain_text("leaves the chain")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    expect(page.locator("#result_list")).to_contain_text("first/first-1 (disabled)")


def take_it_back(page: Page) -> None:
    """To the revision before the last: what it brings is shown first."""
    page.goto("/admin/governance/revision/")
    before = page.locator("#result_list tbody tr").nth(1)
    expect(page.locator("#result_list tbody tr").first).to_contain_text(
        'Changed routing profile "Story": target 1 (first/first-1): turned off.'
    )
    expect(before).to_contain_text("target 1 (first/first-1): moved from 2nd to 1st")
    before.get_by_role("link").first.click()
    page.get_by_role("link", name="Go back to this state").click()
    expect(page.locator("#content")).to_contain_text("target 1 (first/first-1): turned on")
    assert_usable(page)
    page.get_by_role("button", name="Go back to revision").click()
    expect(page.get_by_text("The configuration is as revision")).to_be_visible()
    page.goto("/admin/governance/routingprofile/")
    expect(page.locator("#result_list")).not_to_contain_text("first/first-1 (disabled)")
    page.goto("/admin/governance/revision/")
    expect(page.locator("#result_list tbody tr").first).to_contain_text("Went back to revision")
