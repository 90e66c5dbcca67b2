"""Every page of the admin: accessible in light and dark, whole at 390 px, and without errors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DESKTOP, TELEPHONE, Service, assert_usable, findings

MODELS = (
    *("routingprofile", "provider", "heuristicrule", "modelmapping", "apikey"),
    *("group", "limit", "modelprice", "alertrule", "keyallowance"),
)
LOGS = ("revision", "interaction", "auditentry")
PAGES = (
    "",
    "password_change/",
    *(f"governance/{model}/" for model in (*MODELS, *LOGS)),
    *(f"governance/{model}/add/" for model in MODELS),
    "governance/",
    "help/console",
    "help/routing",
    "nothing/here",
    "search/do?kind=profile&id=light&to=off",
    "sessions/",
    "two-factor/",
    "own-keys/",
    "exchange/",
    "engine/",
    "playground/",
    "governance/interaction/?q=nowhere",
    "interactions/sessions/",
    "interactions/session?id=unknown",
    "usage/",
    "governance/revision/compare/?from=1&to=4",
    "governance/revision/3/revert/",
    "governance/routingprofile/?q=nowhere",
    "governance/routingprofile/import/",
    "governance/routingprofile/light/delete/",
    "governance/routingprofile/light/history/",
    "auth/user/",
    "auth/user/add/",
    "auth/user/1/password/",
    "auth/group/",
    "auth/group/add/",
)
ROWS = (
    *(f"governance/{model}" for model in (*MODELS, *LOGS)),
    "auth/user",
    "auth/group",
)


@pytest.mark.parametrize("path", PAGES)
def test_pages(page: Page, path: str) -> None:
    page.goto(f"/admin/{path}")
    assert_usable(page)


@pytest.fixture(scope="module")
def rows(service: Service) -> Iterator[None]:
    """An interaction and one of what the service begins without."""
    service.says("For the log")
    service.ask("light/fast-1").raise_for_status()
    mapping = {"pattern": "gpt", "destination": "light"}
    rule = {"name": "long", "profile": "light", "conditions": []}
    limit = {"name": "Team", "subject": {"type": "everything"}, "measure": "cost", "amount": "5"}
    price = {"model": "fast-1", "input": "1", "output": "2", "valid_from": "2026-01-01"}
    alert = {"name": "failing", "condition": "provider_failing"}
    made = [
        ("groups", service.api("POST", "groups", {"name": "Blue"})["group"]["id"]),
        ("model-mappings", service.api("POST", "model-mappings", mapping)["mapping"]["id"]),
        ("heuristic-rules", service.api("POST", "heuristic-rules", rule)["rule"]["id"]),
        ("limits", service.api("POST", "limits", limit)["limit"]["id"]),
        ("prices", service.api("POST", "prices", price)["price"]["id"]),
        ("alerts", service.api("POST", "alerts", alert)["alert"]["id"]),
    ]
    allowance = {"group": made[0][1], "members": ["admin"]}
    made.append(
        ("key-allowances", service.api("POST", "key-allowances", allowance)["allowance"]["id"])
    )
    service.logged(1)
    yield
    for path, identity in reversed(made):
        service.api("DELETE", f"{path}/{identity}")


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("model", ROWS)
def test_pages_of_a_row(page: Page, model: str) -> None:
    page.goto(f"/admin/{model}/")
    row = page.locator("#result_list tbody a").first
    # A click on an interaction opens it beside the list.
    page.goto(str(row.evaluate("link => link.href")))
    page.wait_for_url(f"**/{model}/*/change/**")
    if model == "governance/revision":
        page.get_by_text("Line by line").first.click()
    assert_usable(page)


def test_the_plan_of_an_import(page: Page, service: Service) -> None:
    """Nothing is applied: the page that asks whether to."""
    profiles = service.api("GET", "routing-profiles/export")
    profiles["plugin"]["config"]["routing_profiles"][0]["strategy"] = "weighted"
    page.goto("/admin/governance/routingprofile/import/")
    page.get_by_label("Paste an export").fill(json.dumps(profiles))
    page.get_by_role("button", name="Show the plan").click()
    expect(page.locator("#content")).to_contain_text("strategy ordered failover → weighted")
    page.get_by_text("Show the difference").first.click()
    assert_usable(page)


def test_a_new_key(page: Page) -> None:
    """The page that shows it, once."""
    page.goto("/admin/governance/apikey/add/")
    page.fill("[name=name]", "From the browser")
    expect(page.get_by_label("inference")).to_be_checked()
    page.get_by_role("searchbox", name="Confined to").press_sequentially("Lig")
    page.get_by_role("option", name="Light").click()
    expect(page.locator("#content")).to_contain_text("Light")
    assert findings(page) == []
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_label("The API key")).to_have_value(re.compile("^pm-"))
    assert_usable(page)


def test_two_revisions_are_ticked_and_compared(page: Page) -> None:
    page.goto("/admin/governance/revision/")
    boxes = page.locator("input.action-select")
    boxes.nth(0).check()
    boxes.nth(1).check()
    assert_usable(page)
    page.select_option("select[name=action]", "compare_two", force=True)
    page.get_by_role("button", name="Run").click()
    page.wait_for_url("**/revision/compare/?from=*&to=*")
    expect(page.get_by_role("heading", name="From revision")).to_be_visible()


@pytest.mark.parametrize("path", ["", "governance/provider/", "governance/provider/1/change/"])
def test_the_first_tab_leads_past_the_side_bar(page: Page, path: str) -> None:
    page.goto(f"/admin/{path}")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
    expect(page.get_by_role("main")).to_have_count(1)
    expect(page.get_by_role("navigation").first).to_be_visible()


def test_the_frame_of_every_page_works_by_keyboard(page: Page) -> None:
    """The theme's own controls listen to clicks alone; they are made buttons."""
    page.set_viewport_size(TELEPHONE)
    page.goto("/admin/")
    assert findings(page) == []
    page.set_viewport_size(DESKTOP)
    bar = page.get_by_role("button", name="Side bar")
    bar.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Playground")).to_be_hidden()
    page.keyboard.press("Space")
    expect(page.get_by_role("link", name="Playground", exact=True)).to_be_visible()
    user = page.get_by_role("button", name="admin")
    user.focus()
    page.keyboard.press("Enter")
    dark = page.get_by_role("button", name="Dark")
    dark.focus()
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_class(re.compile("dark"))


def test_the_login(browser: Browser, service: Service) -> None:
    stranger = browser.new_page(base_url=service.url, viewport=DESKTOP)
    stranger.goto("/admin/login/")
    assert_usable(stranger)
    stranger.fill("[name=username]", "admin")
    stranger.fill("[name=password]", "wrong")
    stranger.press("[name=password]", "Enter")
    expect(stranger.get_by_text("Please enter the correct username")).to_be_visible()
    assert_usable(stranger)
    stranger.close()
