"""The operators' browser: headless Chromium on a real service over a scripted upstream.

Playwright's synchronous driver runs an event loop of its own in this thread, which no other test
may meet: it lives as long as the tests of this folder, and no longer.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlencode

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Playwright,
    StorageState,
    ViewportSize,
    sync_playwright,
)

from tests.browser.chromium import FLAGS, chromium, log_in
from tests.gateway.console.conftest import Engine
from tests.support import openai_shapes as shapes
from tests.support.installation import Installation, manage
from tests.support.upstream import Sse, Upstream

PATIENCE_MS = 10_000
DESKTOP = ViewportSize(width=1280, height=900)
TELEPHONE = ViewportSize(width=390, height=844)
MAGNIFIED = ViewportSize(width=640, height=450)
"""What is left of the desktop at 200 %."""
OVERHANG = "document.scrollingElement.scrollWidth - innerWidth"
AXE = Axe()
LOOKS = ("color-contrast", "link-in-text-block", "scrollable-region-focusable", "button-name")
TIRED = ("moderate", "serious", "critical")
"""Impact of accessibility findings that fail a test."""


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    path = chromium()
    if path is None:
        pytest.skip("Chromium is not installed, and these tests need a browser.")
    launched = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
    yield launched
    launched.close()


@dataclass
class Service:
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

    def ask(self, model: str, **more: Any) -> httpx.Response:
        """A caller's request, with the first key."""
        return httpx.post(
            f"{self.url}/v1/chat/completions",
            json={"model": model, "messages": [{"role": "user", "content": "hi"}], **more},
            headers={"Authorization": f"Bearer {self.api_key}"},
            timeout=30,
        )

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """The answer of the governance API, with the first key."""
        answer = httpx.request(
            method,
            f"{self.url}/api/governance/{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.api_key}"},
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def logged(self, count: int, **filters: str) -> None:
        """Waits until so many interactions are in the log, which is written behind the requests."""
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while True:
            query = urlencode({"limit": 500, **filters})
            found = len(self.api("GET", f"interactions?{query}")["interactions"])
            if found >= count:
                return
            assert time.monotonic() < deadline, f"{found} of {count}"
            time.sleep(0.05)

    def says(self, *texts: str, pause: float = 0.02, **more: Any) -> None:
        """The upstream's answer from now on."""
        self.upstream.replies[:] = [Sse(shapes.stream(*texts), pause=pause, **more)]


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all tests: provider `fast` on the upstream, profile `light` over it."""
    folder = tmp_path_factory.mktemp("service")
    with (
        Engine(folder) as engine,
        Upstream(Sse(shapes.stream("Hello"))) as upstream,
        Installation(
            folder / "data",
            "--no-model",
            POINTSMAN_ENGINE_SOCKET=engine.socket,
            POINTSMAN_MODELS_DIR=str(engine.models_dir),
            POINTSMAN_LOG_CONTENT="true",
        ) as service,
    ):
        made = Service(
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
def session(browser: Browser, service: Service) -> StorageState:
    """The cookies of the first administrator, who logged in once."""
    context = browser.new_context(base_url=service.url)
    log_in(context.new_page(), "admin", service.password)
    state = context.storage_state()
    context.close()
    return state


@dataclass
class Tab:
    """A page of the first administrator, and the errors its console showed."""

    page: Page
    errors: list[str]


@pytest.fixture(scope="package")
def tab(browser: Browser, service: Service, session: StorageState) -> Iterator[Tab]:
    """One for all tests: what a page fetches is fetched once."""
    with opened(browser, service, storage_state=session) as made:
        yield made


@contextmanager
def opened(browser: Browser, service: Service, **more: Any) -> Iterator[Tab]:
    """On the desktop, over the service."""
    context = browser.new_context(viewport=DESKTOP, base_url=service.url, **more)
    context.set_default_timeout(PATIENCE_MS)
    made = Tab(context.new_page(), [])
    made.page.on("pageerror", lambda error: made.errors.append(str(error)))
    made.page.on("console", lambda said: made.errors.append(said.text) if _is_error(said) else None)
    yield made
    context.close()


@pytest.fixture
def page(tab: Tab) -> Iterator[Page]:
    """As good as new. A test fails when the browser's console shows an error."""
    tab.errors.clear()
    yield tab.page
    shown = list(tab.errors)
    tab.page.evaluate("localStorage.clear()")
    tab.page.unroute_all()
    tab.page.context.clear_permissions()
    tab.page.emulate_media(color_scheme="light", reduced_motion="no-preference")
    tab.page.set_viewport_size(DESKTOP)
    tab.page.goto("about:blank")
    assert shown == []


def _is_error(said: ConsoleMessage) -> bool:
    """The answers tests themselves make up have the status 502; pages that are not there, 404."""
    expected = ("status of 502", "status of 404")
    return said.type == "error" and not any(one in said.text for one in expected)


def findings(page: Page, *rules: str) -> list[str]:
    """What axe holds against the page, in words, that bars someone's way; all rules or these."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.axe_script)
    options = {"resultTypes": ["violations"]} | ({"runOnly": list(rules)} if rules else {})
    found = page.evaluate("options => axe.run(options)", options)["violations"]
    return [
        f"{one['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
        for one in found
        if one["impact"] in TIRED
        for node in one["nodes"]
    ]


def assert_usable(page: Page) -> None:
    """Accessible in dark, and in light on a telephone; nothing hangs over the edge there, nor at
    200 %.

    There only what depends on colours and room is looked at again.
    """
    _show(page, "dark")
    assert findings(page) == [], "in dark"
    page.set_viewport_size(MAGNIFIED)
    assert page.evaluate(OVERHANG) <= 0, "at 200 %"
    page.set_viewport_size(TELEPHONE)
    _show(page, "light")
    assert page.evaluate(OVERHANG) <= 0, "at 390 px"
    assert findings(page, *LOOKS) == [], "at 390 px"
    page.set_viewport_size(DESKTOP)


def _show(page: Page, scheme: Literal["light", "dark"]) -> None:
    """As the theme would after its switch, which waits for no animation."""
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.evaluate("on => document.documentElement.classList.toggle('dark', on)", scheme == "dark")
