"""Every page says when requests are routed by something else than what is stored."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from governance import services, snapshot
from governance.models import Provider, TableVersion
from tests.gateway.console.sent import text_of
from tests.governance.conftest import provider_document
from tests.governance.test_snapshot import MODELS

pytestmark = pytest.mark.django_db

PAGES = ("/admin/", "/admin/playground/", "/admin/governance/provider/", "/admin/sessions/")


def test_nothing_is_said_where_all_is_well(admin: Client) -> None:
    assert "older state" not in text_of(admin.get("/admin/sessions/"))


def test_a_stale_table(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot._state, "stale", "Version 7 cannot be used: see the log.")
    for path in PAGES:
        page = text_of(admin.get(path))
        assert "routed by an older state" in page, path
        assert "Version 7 cannot be used" in page, path
    assert "older state" not in text_of(Client().get("/admin/login/"))


def test_what_is_out_of_service(admin: Client, staff: Callable[..., Client]) -> None:
    services.save_provider(provider_document(), who="ann")
    row = Provider.objects.get()
    snapshot.refresh()
    Provider.objects.update(**MODELS["governance.provider"])
    TableVersion.objects.update(version=10_000, providers=10_000)
    snapshot.refresh()
    link = f"/admin/governance/provider/{row.pk}/change/"
    for path in PAGES[1:]:
        page = admin.get(path)
        assert link in page.content.decode(), path
        assert "provider fast" in text_of(page), path
    assert link not in staff().get("/admin/sessions/").content.decode()
