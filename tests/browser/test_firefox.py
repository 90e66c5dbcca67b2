"""The operator's day in Firefox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from tests.browser.chromium import log_in
from tests.browser.conftest import Service, Tab, opened
from tests.browser.firefox import CHANNEL, driven, firefox
from tests.browser.test_story import an_operators_day


@pytest.fixture
def fox(playwright: Playwright, service: Service, tmp_path: Path) -> Iterator[Tab]:
    path = firefox()
    if path is None:
        pytest.skip("Firefox is not installed.")
    program = driven(tmp_path, path)
    launched = playwright.firefox.launch(channel=CHANNEL, executable_path=program)
    try:
        with opened(launched, service) as tab:
            yield tab
    finally:
        launched.close()


def test_from_a_new_profile_to_a_revert(fox: Tab, service: Service) -> None:
    log_in(fox.page, "admin", service.password)
    an_operators_day(fox.page, service)
    assert fox.errors == []
