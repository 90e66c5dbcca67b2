"""The documentation is served by the service, and every page leads to its part."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from gateway.console.help.links import PARTS, part_of
from gateway.console.help.pages import drawn, pages, slug
from tests.gateway.console.sent import ROOT, text_of

pytestmark = pytest.mark.django_db


def test_it_works(admin: Client) -> None:
    answer = admin.get("/admin/help/console")
    assert "The operators' console" in text_of(answer)
    assert 'id="routing-profiles"' in answer.content.decode()
    image = admin.get("/admin/help/images/dashboard.png")
    assert (image.status_code, image["Content-Type"]) == (200, "image/png")


def test_every_page_is_drawn_and_every_link_leads_somewhere(admin: Client) -> None:
    for name in pages():
        html = str(drawn(name))
        assert "<h1" in html, name
        for link in re.findall(r'href="(/admin/help/[^"]+)"', html):
            page, _, anchor = link.removeprefix("/admin/help/").partition("#")
            assert page in pages(), f"{name} leads to {link}"
            assert not anchor or f'id="{anchor}"' in str(drawn(page)), f"{name} leads to {link}"


def test_every_part_that_pages_lead_to_is_there() -> None:
    for part in {*PARTS.values(), "console"}:
        page, _, anchor = part.partition("#")
        assert page in pages(), part
        assert not anchor or f'id="{anchor}"' in str(drawn(page)), part
    assert part_of("admin:governance_routingprofile_change") == "routing"
    assert part_of("console:playground") == "console#playground"
    assert slug("Rehearse and replay") == "rehearse-and-replay"


@pytest.mark.parametrize(
    "path", ["../pyproject.toml", "nothing", "images/../../README", "console.md/x"]
)
def test_nothing_else_is_read(admin: Client, path: str) -> None:
    assert admin.get(f"/admin/help/{path}").status_code == 404
    assert admin.get("/admin/help/images/..%2Fconsole.md").status_code == 404


def test_every_page_leads_to_help_and_forms_to_the_api(admin: Client) -> None:
    assert 'href="/admin/help/routing"' in admin.get(f"{ROOT}/routingprofile/").content.decode()
    page = admin.get(f"{ROOT}/provider/add/").content.decode()
    assert 'href="/admin/help/console#providers"' in page
    assert 'href="/api/docs"' in page


def test_strangers_sign_in_first() -> None:
    assert Client().get("/admin/help/console").status_code == 302
