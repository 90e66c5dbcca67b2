"""Draws the pictures of README.md and docs/console.md:
`python -m tests.browser.screenshots docs/images`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, ViewportSize, sync_playwright

from tests.browser.chromium import FLAGS, chromium, log_in
from tests.support import openai_shapes as shapes
from tests.support.installation import Installation, manage
from tests.support.upstream import Sse, Upstream

SIZE = ViewportSize(width=1440, height=900)

UNCOVERED = """
#submit-row, .submit-row { display: none !important }
#rehearse-panel, .pm-rehearse { max-height: none !important; overflow: visible !important; }
"""
SETUP = """
import json, random, sys, time
import msgspec
from governance import services
from governance.routing.request import RoutingRequest
from inference.record.describe import describe
from tests.governance.interactions.request_contexts import PROFILE, attempt, request_context, plan
from gateway.collector.store import Store
import dataclasses

def openai(name, url, **more):
    services.save_provider(
        {"name": name, "kind": "openai", "base_url": url, "is_local": True, **more}, who="ann"
    )

openai("studio", URL, default_model="qwen3-8b", models=["qwen3-8b", "qwen3-30b"], is_default=True)
openai("server-room", "http://127.0.0.1:9/v1", default_model="llama-3.3-70b")
for name, targets in (
    ("Writing", [("server-room", "llama-3.3-70b"), ("studio", "qwen3-30b")]),
    ("Support", [("studio", "qwen3-8b"), ("server-room", "llama-3.3-70b")]),
):
    services.save_profile({
        "id": name.lower(), "name": name, "virtual_provider": name.lower(),
        "targets": [
            {"provider": provider, "model": model, "priority": place}
            for place, (provider, model) in enumerate(targets)
        ],
    }, who="ann")
services.save_profile({
    "id": "support", "name": "Support", "virtual_provider": "support", "strategy": "weighted",
    "targets": [
        {"provider": "studio", "model": "qwen3-8b", "weight": 3},
        {"provider": "server-room", "model": "llama-3.3-70b", "weight": 1},
    ],
}, who="ben", existing="support")
rng, now, records = random.Random(7), time.time(), []
for number in range(1400):
    name = rng.choice(["Writing", "Support", "Support"])
    profile = dataclasses.replace(PROFILE, id=name.lower(), name=name)
    tried = [attempt(provider="studio", model="qwen3-8b")]
    if name == "Writing" and rng.random() < 0.4:
        failed = attempt(provider="server-room", outcome="retryable", code="connect_failed")
        tried = [failed, *tried]
    broke = rng.random() < 0.02
    if broke:
        tried = [attempt(provider="studio", outcome="retryable", code="http_503")]
    fell_back = "target" if len(tried) > 1 else "none"
    records.append(msgspec.structs.replace(describe(request_context(
        id=f"req_{number}", at=now - rng.random() ** 1.3 * 3600, plan=plan(profile=profile),
        routing_request=RoutingRequest(model=f"{name.lower()}/any", stream=True),
        attempts=tried, outcome="retryable" if broke else "ok",
        error_code="http_503" if broke else "",
        first_token=None if broke else rng.lognormvariate(-1.4, 0.5),
    )), fallback=fell_back))
for place in range(0, len(records), 500):
    Store("screenshots").commit(records[place:place + 500], [], {})
"""


def main(folder: Path) -> None:
    words = [
        "Two",
        " trains",
        " cannot",
        " share",
        " one",
        " track,",
        " so",
        " I",
        " set",
        " points.",
    ]
    with (
        tempfile.TemporaryDirectory() as data,
        Upstream(Sse(shapes.stream(*words), pause=0.03)) as upstream,
        Installation(Path(data), "--no-model") as service,
        sync_playwright() as playwright,
    ):
        done = manage(Path(data), "shell", "-v", "0", "-c", f"URL = {upstream.base_url!r}\n{SETUP}")
        assert done.returncode == 0, done.stderr
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        page = browser.new_page(viewport=SIZE, base_url=service.url, color_scheme="light")
        log_in(page, "admin", service.password)
        for draw in (dashboard, playground, rehearsal, profile, interactions, interaction, compare):
            draw(page, folder)
        browser.close()


def dashboard(page: Page, folder: Path) -> None:
    page.goto("/admin/")
    shoot(page, folder, "dashboard")


def playground(page: Page, folder: Path) -> None:
    page.goto("/admin/playground/?model=writing/any")
    page.fill("#play-text", "Why does a railway need a pointsman?")
    page.keyboard.press("Enter")
    page.get_by_text("The answer is complete.").wait_for()
    shoot(page, folder, "playground")


def rehearsal(page: Page, folder: Path) -> None:
    page.goto("/admin/governance/routingprofile/writing/change/")
    page.get_by_role("button", name="Move up").nth(1).click()
    page.get_by_text("moves from place 2 to 1").wait_for()
    page.get_by_role("button", name="Replay").click()
    page.get_by_text("would go elsewhere").wait_for()
    # The bar with the buttons would lie over it.
    page.add_style_tag(content=UNCOVERED)
    shoot(page, folder, "rehearsal", page.locator(".pm-rehearse"))


def profile(page: Page, folder: Path) -> None:
    page.goto("/admin/governance/routingprofile/support/change/")
    shoot(page, folder, "profile")


def interactions(page: Page, folder: Path) -> None:
    page.goto("/admin/governance/interaction/?period=hour")
    page.locator("#histogram-data").wait_for(state="attached")
    shoot(page, folder, "interactions")


def interaction(page: Page, folder: Path) -> None:
    """The latest that fell back: one the playground sent, whose times are real."""
    page.goto("/admin/governance/interaction/?fallback=target&profile=writing")
    page.locator("#result_list tbody a").first.click()
    page.get_by_text("the mark is the first token").wait_for()
    shoot(page, folder, "interaction")


def compare(page: Page, folder: Path) -> None:
    page.goto("/admin/governance/revision/")
    page.locator("#result_list tbody tr").first.get_by_role("link").first.click()
    page.wait_for_url("**/change/**")
    last = int(page.url.split("/")[-3])
    page.goto(f"/admin/governance/revision/compare/?from={last - 1}&to={last}")
    shoot(page, folder, "compare")


def shoot(page: Page, folder: Path, name: str, part: Any = None) -> None:
    page.wait_for_timeout(700)
    (part or page).screenshot(path=folder / f"{name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
