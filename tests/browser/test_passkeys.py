"""A passkey made and used in a browser, by Chromium's own virtual device."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import Browser, expect

from tests.browser.chromium import log_in
from tests.browser.conftest import DESKTOP, Service, assert_usable

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def test_it_works(browser: Browser, service: Service) -> None:
    url = f"http://localhost:{urlsplit(service.url).port}"
    context = browser.new_context(viewport=DESKTOP, base_url=url)
    page = context.new_page()
    devices = context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    log_in(page, "admin", service.password)
    page.goto("/admin/two-factor/")
    add = page.get_by_role("button", name="Add a passkey")
    page.get_by_label("Name of the new passkey").fill("My laptop")
    page.get_by_label("Your password", exact=True).fill("wrong")
    add.click()
    expect(page.get_by_text("That is not your password")).to_be_visible()
    page.get_by_label("Your password", exact=True).fill(service.password)
    add.click()
    expect(page.get_by_role("cell", name="My laptop", exact=True)).to_be_visible()
    assert_usable(page)
    context.clear_cookies()
    page.goto("/admin/governance/provider/")
    assert_usable(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"{url}/admin/governance/provider/")
    page.goto("/admin/two-factor/")
    page.get_by_label("Your password, to remove one").fill(service.password)
    page.get_by_role("button", name="Remove My laptop").click()
    expect(page.get_by_text("The passkey is removed")).to_be_visible()
    context.clear_cookies()
    page.goto("/admin/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("That passkey does not open these pages.")).to_be_visible()
    context.close()
