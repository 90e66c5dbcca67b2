"""Where a form sends a number anybody may send anything: it is told, and no page fails."""

from __future__ import annotations

import pytest
from django.test import Client

from governance import services
from governance.models import HeuristicRule
from tests.governance.conftest import profile_document, provider_document

WILD = ("9" * 5000, "9" * 19, "\u00b2", "-1", "1__0", "\u0661")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("connection/try", "try-existing"),
        ("limits/replay", "replay-existing"),
        ("own-keys/create", "days"),
        ("rehearse", "rehearse-past"),
        ("replay", "rehearse-count"),
    ],
)
def test_no_page_fails_by_a_number(admin: Client, path: str, name: str) -> None:
    admin.raise_request_exception = False
    for wild in WILD:
        answer = admin.post(f"/admin/{path}", {name: wild, "rehearse-source": "past"})
        assert answer.status_code < 500, (wild[:20], answer.content[:200])


def test_rules_keep_their_order_by_what_is_no_number(admin: Client) -> None:
    services.save_provider(provider_document(), who="t")
    services.save_profile(profile_document(), who="t")
    for name in ("first", "second"):
        services.save_rule({"name": name, "profile": "light"}, who="t")
    pk = HeuristicRule.objects.get(name="first").pk
    for wild in WILD:
        form = {"form-0-id": str(pk), "form-0-position": wild, "_save": "Save"}
        answer = admin.post("/admin/governance/heuristicrule/", form)
        assert answer.status_code == 302
    names = HeuristicRule.objects.order_by("position").values_list("name", flat=True)
    assert list(names) == ["first", "second"]
