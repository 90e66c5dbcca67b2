"""The rows of a profile's form: shares while typing, completion by provider, errors, keyboard."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Service, assert_usable

FAST = ["fast-1", "fast-2"]


def path(name: str) -> str:
    return f"/admin/governance/routingprofile/{name}/change/"


@pytest.fixture(autouse=True, scope="module")
def profiles(service: Service) -> None:
    """Weighted ones; only one test saves, and it has its own."""
    targets = [
        {"provider": "fast", "model": "fast-1", "weight": 1},
        {"provider": "down", "model": "gone", "weight": 3},
    ]
    service.run(
        "from governance import services\n"
        "for one in profiles: services.save_profile(one, who='tests')\n",
        profiles=[
            {
                "id": name,
                "name": name.title(),
                "virtual_provider": name,
                "strategy": "weighted",
                "targets": targets,
            }
            for name in ("saved", "typed")
        ],
    )


def shares(page: Page) -> Locator:
    return page.locator("#targets-data > [data-row] [data-share]")


def save(page: Page) -> None:
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()


def as_the_server_says(page: Page) -> list[str]:
    """The shares of the page as it arrives, before any script ran."""
    answer = page.request.get(page.url)
    found = re.findall(r"<span [^>]*data-share>(.*?)</span>", answer.text())
    return [one.replace("&lt;", "<") for one in found[:-1]]  # The last is that of a blank row.


def test_shares_follow_what_is_typed_and_the_server_agrees(page: Page) -> None:
    """Weights, switches, aliases, strategy, rows added and removed, by keyboard too."""
    page.goto(path("saved"))
    expect(shares(page)).to_have_text(["25 %", "75 %"])
    page.fill("[name=targets-0-weight]", "5")
    expect(shares(page)).to_have_text(["62.5 %", "37.5 %"])
    page.locator("[name=targets-1-enabled]").uncheck()
    expect(shares(page)).to_have_text(["100 %", "—"])
    page.locator("[name=targets-1-enabled]").check()
    page.fill("[name=targets-1-weight]", "many")
    expect(shares(page)).to_have_text(["—", "—"])
    page.locator("[name=strategy]").select_option("ordered_failover")
    expect(page.locator("[name=targets-1-weight]")).to_be_hidden()
    page.locator("[name=strategy]").select_option("weighted")
    page.fill("[name=targets-1-weight]", "3")
    page.get_by_role("button", name="Add target").click()
    expect(shares(page)).to_have_text(["62.5 %", "37.5 %", "—"])
    page.fill("[name=targets-2-provider]", "fast")
    page.fill("[name=targets-2-model]", "fast-2")
    page.fill("[name=targets-2-weight]", "72")
    expect(shares(page)).to_have_text(["6.2 %", "3.8 %", "90 %"])
    page.fill("[name=targets-2-virtual_model]", "LARGE")
    expect(shares(page)).to_have_text(["62.5 %", "37.5 %", "90 %"])
    save(page)
    assert as_the_server_says(page) == ["62.5 %", "37.5 %", "90 %"]
    bin_ = page.locator("[name=targets-1-DELETE]")
    bin_.focus()
    page.keyboard.press("Space")
    expect(shares(page)).to_have_text(["100 %", "—", "93.5 %"])
    page.get_by_role("button", name="Add target").click()
    page.fill("[name=targets-3-provider]", "down")
    expect(shares(page)).to_have_text(["83.3 %", "—", "92.3 %", "16.7 %"])
    page.locator("[name=targets-3-DELETE]").focus()
    page.keyboard.press("Space")
    expect(shares(page)).to_have_text(["100 %", "—", "93.5 %", "—"])


def test_a_share_stays_until_the_server_tells_another(page: Page) -> None:
    """Dimmed after a while, and neither blank nor replaced by a guess."""
    page.goto(path("typed"))
    expect(shares(page)).to_have_text(["25 %", "75 %"])
    held = []
    page.route("**/admin/rehearse", lambda route: held.append(route))
    page.fill("[name=targets-0-weight]", "5")
    expect(page.locator("[data-share][data-waiting]:visible")).to_have_count(2)
    expect(shares(page).first).to_have_css("opacity", "0.5")
    expect(shares(page)).to_have_text(["25 %", "75 %"])
    while not held:
        page.wait_for_timeout(50)
    for route in held:
        route.continue_()
    page.unroute("**/admin/rehearse")
    expect(shares(page)).to_have_text(["62.5 %", "37.5 %"])
    expect(page.locator("[data-share][data-waiting]:visible")).to_have_count(0)


def offered(page: Page, name: str) -> list[str]:
    """What the field completes, asked for by keyboard."""
    field = page.locator(f"[name={name}]")
    field.focus()
    page.keyboard.press("ArrowDown")
    expect(field).to_have_attribute("aria-expanded", "true")
    found = page.locator(f"#{field.get_attribute('aria-controls')} [role=option]")
    names: list[str] = found.evaluate_all("all => all.map((one) => one.firstChild.textContent)")
    page.keyboard.press("Escape")
    return names


def test_models_complete_by_the_provider_of_their_row(page: Page) -> None:
    """In rows that were there and in new ones; of a provider nobody knows, those of all."""
    page.goto(path("typed"))
    assert offered(page, "targets-0-model") == FAST
    assert offered(page, "targets-1-model") == []
    page.fill("[name=targets-1-provider]", "FAST")
    assert offered(page, "targets-1-model") == FAST
    page.get_by_role("button", name="Add target").click()
    assert {*FAST} <= {*offered(page, "targets-2-model")}
    assert {"fast", "down"} <= {*offered(page, "targets-2-provider")}
    page.fill("[name=targets-2-provider]", "fast")
    page.locator("[name=targets-2-model]").press_sequentially("2")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option", name="fast-2")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("[name=targets-2-model]")).to_have_value("fast-2")


def test_every_mistake_stands_at_its_field_at_once(page: Page) -> None:
    """Of the profile and of its targets, in a part that was closed too; the first has the focus."""
    page.goto(path("typed"))
    page.fill("[name=name]", "")
    page.fill("[name=virtual_provider]", "a/b")
    page.fill("[name=targets-0-provider]", "")
    page.fill("[name=targets-0-weight]", "-1")
    page.locator("[data-conditions]").nth(1).click()
    page.fill("[name=targets-1-token_percent_threshold]", "150")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Save", exact=True).click()
    for name, words in {
        "name": "Name is required.",
        "virtual_provider": "must not contain a slash",
        "targets-0-provider": "Provider is required.",
        "targets-0-weight": "Weight must be a number from 0",
        "targets-1-token_percent_threshold": "must be a number from 0 to 100",
    }.items():
        field = page.locator(f"[name={name}]")
        expect(field).to_be_visible()
        expect(page.locator(".field-line.errors", has=field)).to_contain_text(words)
    page.keyboard.press("Escape")
    assert_usable(page)


def test_a_profile_is_switched_in_the_list_by_keyboard(page: Page) -> None:
    page.goto("/admin/governance/routingprofile/?q=typed")
    switch = page.get_by_role("switch", name="Typed enabled")
    expect(switch).to_be_checked()
    switch.focus()
    page.keyboard.press("Space")
    expect(page.get_by_text("Typed is switched off.")).to_be_visible()
    expect(switch).not_to_be_checked()
    assert page.url.endswith("?q=typed#switch-typed")
    assert_usable(page)
