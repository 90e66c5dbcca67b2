"""Titles of pages agree with the side bar, and write names as their makers did."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from governance import services
from tests.governance.conftest import provider_document

pytestmark = pytest.mark.django_db


def title_of(admin: Client, path: str) -> str:
    page = admin.get(f"/admin/{path}").content.decode()
    (head,) = re.findall(r"<h1.*?</h1>", page, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", head).replace("chevron_right", ">").split())


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("governance/limit/", "Budgets > Limits 0 results"),
        ("governance/limit/?q=nowhere", "Budgets > Limits 0 results ( Show all )"),
        ("governance/apikey/add/", "Access > API keys > Add API key"),
        ("governance/revision/", "Records > Revisions 2 results"),
        ("auth/user/", "Access > Users"),
        ("exchange/", "Import and export"),
    ],
)
def test_lists(admin: Client, path: str, title: str) -> None:
    services.save_provider(provider_document("a"), who="t")
    services.save_provider(provider_document("b"), who="t")
    assert title_of(admin, path).startswith(title)


def test_names_stay_as_they_are(admin: Client) -> None:
    services.save_provider(provider_document("openai"), who="t")
    row = services.find_provider("openai")
    assert (
        title_of(admin, f"governance/provider/{row.pk}/change/") == "Routing > Providers > openai"
    )
    ann = User.objects.create_user("ann")
    assert title_of(admin, f"auth/user/{ann.pk}/change/") == "Access > Users > ann"
