"""The page of one's own keys, and of those who may make some."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from governance import services
from governance.models import ApiKey, KeyAllowance
from tests.gateway.console.sent import ROOT, text_of

PAGE = "/admin/own-keys/"


@pytest.fixture
def ann(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_user("ann", is_staff=True))
    return client


def test_it_works(admin: Client, ann: Client) -> None:
    """An administrator allows it, a user makes a key, turns it and deletes it."""
    assert "may make none yourself" in text_of(ann.get(PAGE))
    group = services.GROUPS.save({"name": "Blue"}, who="t").document["id"]
    typed: dict[str, Any] = {"group": group, "members": "ann", "days": "30", "most_keys": "2"}
    wrong = admin.post(f"{ROOT}/keyallowance/add/", {**typed, "members": "nobody"})
    assert list(wrong.context["adminform"].form.errors) == ["members"]
    answer = admin.post(f"{ROOT}/keyallowance/add/", {**typed, "enabled": "on"})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    made = ann.post(f"{PAGE}create", {"name": "laptop", "group": group, "days": "7"})
    assert "no-store" in made["Cache-Control"]
    key = ApiKey.objects.get()
    assert (key.owner, key.group_id) == ("ann", group)
    assert f'value="{key.prefix}' in made.content.decode()
    listed = ann.get(PAGE)
    assert "laptop" in text_of(listed)
    assert 'id="secret"' not in listed.content.decode()
    turned = ann.post(f"{PAGE}{key.pk}/rotate")
    assert "The old one is good for another day." in text_of(turned)
    many = ann.post(f"{PAGE}create", {"name": "b", "days": "31"})
    assert many.status_code == 400
    assert "30 days at most" in text_of(many)
    ann.post(f"{PAGE}{key.pk}/delete")
    assert not ApiKey.objects.exists()


def test_a_group_with_an_allowance_stays(admin: Client) -> None:
    group = services.GROUPS.save({"name": "Blue"}, who="t").document["id"]
    services.KEY_ALLOWANCES.save({"group": group, "members": []}, who="t")
    answer = admin.post(f"{ROOT}/group/{group}/delete/", {"post": "yes"}, follow=True)
    assert "Keys of Blue" in text_of(answer)
    assert KeyAllowance.objects.exists()
