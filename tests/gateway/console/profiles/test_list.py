"""What the list says of a profile agrees with its form."""

from __future__ import annotations

import pytest
from django.test import Client

from governance import services, snapshot
from tests.gateway.console.sent import ROOT, text_of
from tests.governance.conftest import profile_document, provider_document

pytestmark = pytest.mark.django_db


def test_nothing_takes_over_where_there_is_no_local_model(admin: Client) -> None:
    services.save_profile(profile_document(local_fallback="always"), who="t")
    snapshot.refresh()
    assert "local takes over" not in text_of(admin.get(f"{ROOT}/routingprofile/"))
    local = {"kind": "mlx", "base_url": "", "is_local": True, "is_default": True}
    services.save_provider({**provider_document("mlx"), **local, "default_model": "m"}, who="t")
    snapshot.refresh()
    assert "local takes over" in text_of(admin.get(f"{ROOT}/routingprofile/"))
