"""Ways in that only a browser shows: a passkey of Chromium's own device, a link of an e-mail."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import Browser, expect

from tests.browser.chromium import log_in
from tests.browser.conftest import DESKTOP, Service, assert_usable
from tests.support.installation import manage

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def test_a_passkey(browser: Browser, service: Service) -> None:
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


INVITE = """
from django.contrib.auth.models import User
from django.core import mail
from django.test import override_settings
from gateway.console.sign_in import links
ann = User.objects.create_user("ann", "ann@example.com", is_staff=True)
with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
    mail.outbox = []
    links.send(links.INVITATION, ann, "")
print(next(one for one in mail.outbox[0].body.split() if one.startswith("/accounts/")))
"""


def test_an_invitation(browser: Browser, service: Service) -> None:
    done = manage(service.data_dir, "shell", "-v", "0", "-c", INVITE)
    assert done.returncode == 0, done.stderr
    context = browser.new_context(viewport=DESKTOP, base_url=service.url)
    page = context.new_page()
    page.goto(done.stdout.strip())
    assert_usable(page)
    for name in ("new_password1", "new_password2"):
        page.fill(f"[name={name}]", "ann-has-a-long-one-7")
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_text("Your password is set")).to_be_visible()
    log_in(page, "ann", "ann-has-a-long-one-7")
    page.goto(done.stdout.strip())
    expect(page.get_by_text("opens nothing any more")).to_be_visible()
    context.close()
