"""A provider's page: its health while requests fail, and its models made targets."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Service, assert_usable
from tests.support.upstream import Json, Upstream

PROVIDERS = "/admin/governance/provider/"


@pytest.fixture(scope="module")
def lister(service: Service) -> Iterator[Upstream]:
    """A provider that lists models, one whose connections are refused, a profile for each."""
    names = ["zeta-large", "zeta-small", "vendor/zeta-with-a-name-that-goes-on-and-on:free"]
    with Upstream(Json({"data": [{"id": name} for name in names]})) as upstream:
        local = {"kind": "openai", "is_local": True}
        service.run(
            "from governance import services\n"
            "for one in providers: services.save_provider(one, who='tests')\n"
            "for one in profiles: services.save_profile(one, who='tests')\n",
            providers=[
                {**local, "name": "lister", "base_url": upstream.base_url},
                {**local, "name": "broken", "base_url": "http://127.0.0.1:9/v1"},
            ],
            profiles=[
                {
                    "id": "frail",
                    "name": "Frail",
                    "virtual_provider": "frail",
                    "local_fallback": "never",
                    "targets": [{"provider": "broken", "model": "m"}],
                }
            ],
        )
        yield upstream


def ask(service: Service, times: int) -> None:
    for _ in range(times):
        httpx.post(
            f"{service.url}/v1/chat/completions",
            json={"model": "frail/x", "messages": [{"role": "user", "content": "hi"}]},
            headers={"Authorization": f"Bearer {service.api_key}"},
        )


def test_health_follows_failures_without_a_reload(
    page: Page, service: Service, lister: object
) -> None:
    """What to do first, then what failed, how often, and the breaker that opened."""
    page.goto(PROVIDERS)
    page.get_by_role("link", name="broken", exact=True).click()
    health = page.locator("#health")
    expect(health).to_contain_text("No request reached it in the last hour.")
    assert_usable(page)
    ask(service, 6)
    expect(health).to_contain_text("attempts failed (100 %)", timeout=15_000)
    expect(health).to_contain_text("connect_failed")
    expect(health.get_by_role("region", name="At this moment")).to_contain_text("m")
    expect(health).to_contain_text("what the node's web process knows")
    health.locator("summary").click()
    assert_usable(page)
    health.get_by_role("link", name="Requests with a failed attempt").click()
    expect(page.locator("#result_list tbody tr").first).to_contain_text("Frail")
    page.goto(PROVIDERS)
    row = page.locator("#result_list tbody tr", has_text="broken")
    expect(row).to_contain_text("failing")
    assert_usable(page)


def test_listed_models_become_targets_by_keyboard(page: Page, lister: Upstream) -> None:
    """Of a new profile: what is wrong stands at its field, and nothing ticked is lost."""
    page.goto(PROVIDERS)
    page.get_by_role("link", name="lister", exact=True).click()
    page.get_by_role("button", name="List models").press("Enter")
    find = page.get_by_label("Show only names with")
    find.press_sequentially("large ZETA")
    find.press("Enter")
    expect(page.get_by_label("zeta-small")).to_be_hidden()
    page.get_by_label("zeta-large").press("Space")
    expect(page.get_by_role("status")).to_have_text("1 of 3 shown, 1 ticked.")
    find.fill("")
    page.get_by_label("zeta-small").press("Space")
    name = page.get_by_label("Name of the new one")
    expect(name).to_be_hidden()
    page.get_by_label("Routing profile").select_option(label="A new one")
    name.fill("Zeta")
    page.get_by_label("Its virtual provider").fill("lister")
    assert_usable(page)
    page.get_by_role("button", name="Add the ticked ones as targets").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Nothing was added.")
    virtual = page.get_by_label("Its virtual provider")
    expect(page.locator("#copy-virtual-error")).to_contain_text("name of a configured provider")
    expect(page.get_by_label("zeta-small")).to_be_checked()
    assert_usable(page)
    virtual.fill("zeta")
    virtual.press("Enter")
    told = page.get_by_text("2 models are targets of")
    expect(told).to_be_visible()
    assert_usable(page)
    told.get_by_role("link", name="Zeta").click()
    expect(page.locator("[name=targets-0-model]")).to_have_value("zeta-large")
    expect(page.locator("[name=targets-1-model]")).to_have_value("zeta-small")
    assert len(lister.asked) == 1
