"""Writers at the same time, each over a connection of its own; PostgreSQL lets them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from governance import services
from governance.errors import Invalid
from governance.models import HeuristicRule, ModelMapping, Provider, Revision, RoutingProfile
from tests.governance.conftest import profile_document, provider_document

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time"),
]


def at_once(*documents: dict[str, Any]) -> list[object]:
    """Saves them all at the same time; what came of each."""

    def save(document: dict[str, Any]) -> object:
        try:
            return services.save_profile(document, who="t")
        except Invalid as invalid:
            return invalid
        finally:
            connection.close()

    with ThreadPoolExecutor(len(documents)) as pool:
        return list(pool.map(save, documents))


def test_of_two_that_take_one_name_the_second_is_told() -> None:
    """Also when the database's own idea of case would let both pass."""
    found = at_once(profile_document("a", name="Straße"), profile_document("b", name="STRASSE"))
    assert [isinstance(one, Invalid) for one in found].count(True) == 1
    assert RoutingProfile.objects.count() == 1


def test_a_patch_takes_nothing_back_that_another_changed_meanwhile() -> None:
    """Through REST: what a PATCH does not name is read under the writers' lock."""
    services.save_provider(provider_document(), who="t")
    services.save_rule({"name": "r", "profile": "p"}, who="t")
    services.save_mapping({"pattern": "m", "destination": "p"}, who="t")
    rule, mapping = HeuristicRule.objects.get().pk, ModelMapping.objects.get().pk
    user = User.objects.create_superuser("root")
    changes = [
        ("providers/fast", {"enabled": False}),
        ("providers/fast", {"default_model": "y"}),
        ("providers/fast", {"max_concurrency": 3}),
        (f"heuristic-rules/{rule}", {"enabled": False}),
        (f"heuristic-rules/{rule}", {"profile": "q"}),
        (f"model-mappings/{mapping}", {"enabled": False}),
        (f"model-mappings/{mapping}", {"destination": "q"}),
    ]

    def patch(change: tuple[str, dict[str, Any]]) -> int:
        client = Client()
        client.force_login(user)
        path = f"/api/governance/{change[0]}"
        try:
            return client.patch(path, change[1], content_type="application/json").status_code
        finally:
            connection.close()

    for _ in range(3):
        Provider.objects.update(enabled=True, default_model="", max_concurrency=None)
        HeuristicRule.objects.update(enabled=True, profile="p")
        ModelMapping.objects.update(enabled=True, destination="p")
        with ThreadPoolExecutor(len(changes)) as pool:
            assert set(pool.map(patch, changes)) == {200}
        row = Provider.objects.get()
        assert (row.enabled, row.default_model, row.max_concurrency) == (False, "y", 3)
        assert HeuristicRule.objects.filter(enabled=False, profile="q").exists()
        assert ModelMapping.objects.filter(enabled=False, destination="q").exists()


def test_every_version_is_one_revision() -> None:
    at_once(*(profile_document(f"p{place}") for place in range(12)))
    assert sorted(Revision.objects.values_list("version", flat=True)) == list(range(1, 13))
