"""Rehearse and replay beside a profile's form, over what is typed and not saved."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Service, assert_usable

PROFILE = "/admin/governance/routingprofile/light/change/"


def chain(page: Page) -> Locator:
    return page.locator("#rehearse-result ol").first.locator("li")


def test_the_chain_follows_what_is_typed(page: Page, service: Service) -> None:
    page.goto(PROFILE)
    expect(chain(page)).to_have_text([re.compile("down / gone"), re.compile("fast / fast-1")])
    expect(page.locator("#rehearse-result")).to_contain_text("Nothing changes.")
    page.get_by_role("button", name="Move up").nth(1).click()
    expect(chain(page)).to_have_text([re.compile("fast / fast-1"), re.compile("down / gone")])
    expect(page.locator("#rehearse-result")).to_contain_text("moves from place 2 to 1")
    page.fill("[name=name]", "")
    expect(page.locator("#rehearse-result")).to_contain_text(
        re.compile("^\\s*Before it can be rehearsed:\\s*Name is required\\.\\s*$")
    )
    page.fill("[name=name]", "Light")
    expect(chain(page)).to_have_count(2)


def test_what_if_a_provider_is_down(page: Page, service: Service) -> None:
    page.goto(PROFILE)
    expect(chain(page)).to_have_count(2)
    page.get_by_label("down is").select_option("down")
    expect(chain(page)).to_have_text([re.compile("fast / fast-1"), re.compile("cooling down")])
    page.get_by_label("fast is").select_option("rate_limited")
    expect(chain(page)).to_have_text([re.compile("down / gone")])
    expect(page.get_by_label("down is")).to_have_value("down")


def test_a_pasted_request(page: Page, service: Service) -> None:
    page.goto(PROFILE)
    page.get_by_label("Pasted").check()
    page.fill(
        "#rehearse-request", '{"messages": [{"role": "user", "content": "hi"}], "tools": [1]}'
    )
    expect(page.locator("#rehearse-result")).to_contain_text("tools[0]")
    page.fill("#rehearse-request", '{"messages": [{"role": "user", "content": "hi"}]}')
    expect(page.locator("#rehearse-result")).to_contain_text("Needs: text.")


def test_replay_says_what_moves_before_saving(page: Page, service: Service) -> None:
    service.says("fine")
    for _ in range(3):
        service.ask("light/x").raise_for_status()
    service.logged(3, profile="light")
    page.goto(PROFILE)
    page.get_by_role("button", name="Move up").nth(1).click()
    page.get_by_role("button", name="Replay").click()
    replay = page.locator("#replay-result")
    expect(replay).to_contain_text("would go elsewhere")
    expect(replay.get_by_role("rowheader", name="down / gone").first).to_be_visible()
    assert_usable(page)
