"""The local engine's page as an operator sees it."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import Service, assert_usable


def test_a_model_is_loaded_watched_and_unloaded_without_a_reload(
    page: Page, service: Service
) -> None:
    service.engine.model("slow-to-load", {"load_s": 1.5, "load_steps": 10})
    page.goto("/admin/engine/")
    page.evaluate("window.stays = true")
    model = page.locator("[data-model=slow-to-load]")
    expect(model).to_contain_text("Not loaded")
    model.get_by_role("button", name="Load slow-to-load").click()
    expect(page.get_by_text("Loading slow-to-load.")).to_be_visible()
    page.evaluate("window.stays = true")
    expect(model).to_contain_text("reading weights", ignore_case=True)
    expect(model).to_contain_text("Ready")
    assert page.evaluate("window.stays")
    model.get_by_role("button", name="Unload").click()
    expect(model).to_contain_text("Not loaded")


def test_focus_survives_an_update(page: Page, service: Service) -> None:
    service.engine.model("focused")
    service.engine.model("other")
    page.goto("/admin/engine/")
    button = page.locator("[data-model=focused]").get_by_role("button", name="Load focused")
    button.focus()
    service.engine.client.load("other")
    expect(page.locator("[data-model=other]")).to_contain_text("Ready")
    expect(button).to_be_visible()
    assert page.evaluate("document.activeElement.id") == "load:focused"


def test_a_failure_is_readable_and_the_page_is_usable(page: Page, service: Service) -> None:
    service.engine.model("torn", {"fail": "The weights are torn."})
    page.goto("/admin/engine/")
    page.locator("[data-model=torn]").get_by_role("button", name="Load torn").click()
    expect(page.locator("[data-model=torn]")).to_contain_text("The weights are torn.")
    assert_usable(page)


def test_a_lost_service_is_said_and_found_again(page: Page) -> None:
    page.goto("/admin/engine/")
    lost = page.get_by_text("The connection to the service is lost")
    expect(lost).to_be_hidden()
    page.route("**/admin/engine/state", lambda route: route.fulfill(status=502))
    expect(lost).to_be_visible()
    page.unroute("**/admin/engine/state")
    expect(lost).to_be_hidden()
