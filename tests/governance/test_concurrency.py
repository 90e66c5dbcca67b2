"""Writers at the same time, each over a connection of its own; PostgreSQL lets them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from governance import services
from governance.errors import Invalid
from governance.models import Revision, RoutingProfile
from tests.governance.conftest import profile_document

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


def test_every_version_is_one_revision() -> None:
    at_once(*(profile_document(f"p{place}") for place in range(12)))
    assert sorted(Revision.objects.values_list("version", flat=True)) == list(range(1, 13))
