"""Every page of the admin: accessible in light and dark, whole at 390 px, and without errors."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk, assert_usable

MODELS = ("routingprofile", "provider", "heuristicrule", "modelmapping", "apikey")
PAGES = (
    "",
    "password_change/",
    *(f"governance/{model}/" for model in (*MODELS, "revision", "interaction")),
    *(f"governance/{model}/add/" for model in MODELS),
    "auth/user/",
    "auth/user/add/",
    "auth/group/",
    "auth/group/add/",
)
ROWS = (
    *(f"governance/{model}" for model in (*MODELS[:3], "apikey", "revision", "interaction")),
    "auth/user",
    "auth/group",
)


@pytest.mark.parametrize("path", PAGES)
def test_pages(page: Page, path: str) -> None:
    page.goto(f"/admin/{path}")
    assert_usable(page)


@pytest.mark.parametrize("model", ROWS)
def test_pages_of_a_row(page: Page, desk: Desk, model: str) -> None:
    if model == "governance/interaction":
        page.goto("/admin/playground/?model=fast/fast-1")
        page.fill("#play-text", "For the log")
        page.keyboard.press("Enter")
        page.wait_for_timeout(2000)
    page.goto(f"/admin/{model}/")
    page.locator("#result_list tbody a").first.click()
    page.wait_for_url(f"**/{model}/*/change/")
    assert_usable(page)


def test_the_frame_of_every_page_works_by_keyboard(page: Page) -> None:
    """The theme's own controls listen to clicks alone; they are made buttons."""
    page.goto("/admin/")
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


def test_the_login(page: Page) -> None:
    page.context.clear_cookies()
    page.goto("/admin/login/")
    assert_usable(page)
