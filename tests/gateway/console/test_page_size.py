"""Pages stay light however much there is: at most 150 kB of HTML."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client

from governance import audit
from governance.models import (
    ApiKey,
    HeuristicRule,
    ModelMapping,
    Provider,
    Revision,
    RoutingProfile,
)
from governance.models.routing_target import RoutingTarget
from tests.governance.interactions.rows import insert_many

pytestmark = pytest.mark.django_db

LARGEST = 150_000
"""Bytes, as they stand before compression."""
MANY = 120
"""Rows of each: more than a page of any list holds."""
PROFILES = 500
"""What forms choose from."""
CHANGED = 1_000
"""Things that one revision changed."""
LISTS = (
    *("routingprofile", "provider", "heuristicrule", "modelmapping", "apikey"),
    *("auditentry", "interaction", "revision"),
)
OTHERS = (
    *("apikey/add/", "apikey/customer-of-the-north-00007/change/", "keyallowance/add/"),
    *("routingprofile/add/", "routingprofile/customer-of-the-north-00007/change/"),
    *("revision/2/change/", "revision/compare/?from=1&to=2"),
)


@pytest.fixture
def crowd() -> None:
    """Names as long as people make them."""
    name = "customer-of-the-north-{:05}".format
    RoutingProfile.objects.bulk_create(
        RoutingProfile(id=name(n), name=name(n), virtual_provider=name(n)) for n in range(PROFILES)
    )
    RoutingTarget.objects.bulk_create(
        RoutingTarget(profile_id=name(n), position=place, provider=name(place), model="gpt-4o-mini")
        for n in range(MANY)
        for place in range(5)
    )
    Provider.objects.bulk_create(
        Provider(name=name(n), kind="openai", base_url="http://127.0.0.1:9/v1") for n in range(MANY)
    )
    ApiKey.objects.bulk_create(
        ApiKey(
            id=name(n),
            name=name(n),
            prefix="pm-abcdefg",
            digest=f"{n:032}".encode(),
            scopes=["inference", "governance:read"],
            last_used_at=datetime(2030, 1, 31, tzinfo=UTC),
        )
        for n in range(MANY)
    )
    HeuristicRule.objects.bulk_create(
        HeuristicRule(name=name(n), position=n, profile=name(n), conditions=[]) for n in range(MANY)
    )
    ModelMapping.objects.bulk_create(
        ModelMapping(pattern=name(n), match="exact", destination=name(n)) for n in range(MANY)
    )
    audit.record(
        [
            audit.Act("change", "API key", name(n), name(n), name(n), ["enabled turned off"] * 9)
            for n in range(MANY)
        ],
        actor="somebody",
    )
    document = {"name": "x", "pattern": "x", "destination": "y", "enabled": True}
    changes = [
        {"kind": "model mapping", "id": n, "name": name(n), "before": None, "after": document}
        for n in range(CHANGED)
    ]
    for version, changed in ((1, []), (2, changes)):
        Revision.objects.create(version=version, who="t", action="import", changes=changed)
    insert_many(MANY)


@pytest.mark.usefixtures("crowd")
def test_lists_are_light(admin: Client) -> None:
    _assert_light(admin, *(f"{model}/" for model in LISTS))


@pytest.mark.usefixtures("crowd")
def test_other_pages_are_light(admin: Client) -> None:
    _assert_light(admin, *OTHERS)


def _assert_light(admin: Client, *paths: str) -> None:
    sizes = {}
    for path in paths:
        answer = admin.get(f"/admin/governance/{path}", headers={"Accept": "text/html"})
        assert answer.status_code == 200, path
        sizes[path] = len(answer.content)
    assert {path: size for path, size in sizes.items() if size > LARGEST} == {}
