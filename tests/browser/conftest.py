"""The operators' browser: headless Chromium on a real service over a scripted upstream.

Playwright's synchronous driver runs an event loop of its own in this thread, which no other test
may meet: it lives as long as the tests of this folder, and no longer.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    StorageState,
    ViewportSize,
    sync_playwright,
)

from tests.desk.conftest import Engine
from tests.support import openai_shapes as shapes
from tests.support.installation import Installation, manage
from tests.support.upstream import Sse, Upstream

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 10_000
TELEPHONE = ViewportSize(width=390, height=844)
TIRED = ("serious", "critical")
"""Impact of accessibility findings that fail a test."""


def chromium() -> str | None:
    """The system's own; `CHROMIUM` names another."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = (shutil.which(name) for name in names)
    return os.environ.get("CHROMIUM") or next(filter(None, found), None)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        pytest.skip("Chromium is not installed, and these tests need a browser.")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield launched
        launched.close()


@dataclass
class Desk:
    """The running service, and who stands behind it."""

    url: str
    password: str
    api_key: str
    data_dir: Path
    upstream: Upstream
    engine: Engine

    def run(self, code: str, **values: Any) -> None:
        """Runs Django code over the service's data; `values` are its variables."""
        lines = "\n".join(
            f"{name} = json.loads({json.dumps(value)!r})" for name, value in values.items()
        )
        done = manage(self.data_dir, "shell", "-v", "0", "-c", f"import json\n{lines}\n{code}")
        assert done.returncode == 0, done.stderr

    def says(self, *texts: str, pause: float = 0.02, **more: Any) -> None:
        """The upstream's answer from now on."""
        self.upstream.replies[:] = [Sse(shapes.stream(*texts), pause=pause, **more)]


@pytest.fixture(scope="package")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One service for all tests: provider `fast` on the upstream, profile `light` over it."""
    folder = tmp_path_factory.mktemp("desk")
    with (
        Engine(folder) as engine,
        Upstream(Sse(shapes.stream("Hello"))) as upstream,
        Installation(
            folder / "data",
            "--no-model",
            POINTSMAN_ENGINE_SOCKET=engine.socket,
            POINTSMAN_MODELS_DIR=str(engine.models_dir),
        ) as service,
    ):
        made = Desk(
            url=service.url,
            password=service.password,
            api_key=service.api_key,
            data_dir=service.data_dir,
            upstream=upstream,
            engine=engine,
        )
        made.run(
            "from governance import services\n"
            "for provider in providers: services.save_provider(provider, who='tests')\n"
            "for profile in profiles: services.save_profile(profile, who='tests')\n",
            providers=[
                _provider("fast", upstream.base_url, models=["fast-1", "fast-2"]),
                _provider("down", "http://127.0.0.1:9/v1"),
            ],
            profiles=[
                {
                    "id": "light",
                    "name": "Light",
                    "virtual_provider": "light",
                    "targets": [
                        {"provider": "down", "model": "gone"},
                        {"provider": "fast", "model": "fast-1", "priority": 1},
                    ],
                },
            ],
        )
        yield made


def _provider(name: str, base_url: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "kind": "openai", "base_url": base_url, "is_local": True, **more}


@pytest.fixture(scope="package")
def session(browser: Browser, desk: Desk) -> StorageState:
    """The cookies of the first administrator, who logged in once."""
    context = browser.new_context(base_url=desk.url)
    log_in(context.new_page(), "admin", desk.password)
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def context(browser: Browser, desk: Desk, session: StorageState) -> Iterator[BrowserContext]:
    """The window of the first administrator."""
    size = ViewportSize(width=1280, height=900)
    made = browser.new_context(viewport=size, base_url=desk.url, storage_state=session)
    made.set_default_timeout(PATIENCE_MS)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """Its page. A test fails when the browser's console shows an error."""
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda said: errors.append(said.text) if _is_error(said) else None)
    yield opened
    assert errors == []


def _is_error(said: ConsoleMessage) -> bool:
    """The answers tests themselves make up have the status 502."""
    return said.type == "error" and "status of 502" not in said.text


def log_in(page: Page, username: str, password: str) -> None:
    page.goto("/admin/login/")
    page.fill("[name=username]", username)
    page.fill("[name=password]", password)
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/admin/")


def findings(page: Page) -> list[str]:
    """What axe holds against the page, in words, that bars someone's way."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
        for one in found
        if one["impact"] in TIRED
        for node in one["nodes"]
    ]


def assert_usable(page: Page) -> None:
    """Accessible in dark, and in light on a telephone, over whose edge nothing hangs."""
    size = page.viewport_size
    assert size is not None
    _show(page, "dark")
    assert findings(page) == [], "in dark"
    page.set_viewport_size(TELEPHONE)
    _show(page, "light")
    assert page.evaluate("document.documentElement.scrollWidth") <= TELEPHONE["width"]
    assert findings(page) == [], "at 390 px"
    page.set_viewport_size(size)


def _show(page: Page, scheme: Literal["light", "dark"]) -> None:
    """As the theme would after its switch, which waits for no animation."""
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.evaluate("on => document.documentElement.classList.toggle('dark', on)", scheme == "dark")
