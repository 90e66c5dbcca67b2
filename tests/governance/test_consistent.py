"""What is read while others write is of one moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from governance import services
from governance.consistent import ATTEMPTS, consistent
from tests.governance.conftest import profile_document

pytestmark = pytest.mark.django_db


def before_targets(act: Callable[[], object]) -> Any:
    """Does `act` once, before the next query for targets."""
    done = False

    def wrapper(execute: Any, sql: str, *arguments: Any) -> Any:
        nonlocal done
        if not done and 'FROM "governance_routingtarget"' in sql:
            done = True
            act()
        return execute(sql, *arguments)

    return connection.execute_wrapper(wrapper)


@pytest.mark.parametrize("path", ["", "/export"])
def test_a_profile_that_is_deleted_meanwhile_is_not_shown_without_targets(path: str) -> None:
    """An export that held it could not be imported again."""
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    for name in ("kept", "gone"):
        services.save_profile(profile_document(name), who="t")
    with before_targets(lambda: services.delete_profile("gone", who="t")):
        answer = client.get(f"/api/governance/routing-profiles{path}").json()
    found = answer["plugin"]["config"]["routing_profiles"] if path else answer["profiles"]
    assert [(one["id"], len(one["targets"])) for one in found] == [("kept", 1)]


def test_a_storm_of_writes_is_made_to_wait() -> None:
    reads = 0

    def read() -> int:
        nonlocal reads
        reads += 1
        services.save_profile(profile_document(f"p{reads}"), who="t")
        return reads

    assert consistent(read) == ATTEMPTS + 1
