"""How many queries a page takes; a list takes as many for fifty rows as for two."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from governance import services
from governance.models import Provider
from tests.governance.conftest import profile_document, provider_document

BASELINES = {
    "/admin/governance/provider/": 7,
    "/admin/governance/provider/{provider}/change/": 14,
    "/admin/governance/routingprofile/": 7,
    "/admin/governance/routingprofile/p1/change/": 12,
    "/admin/governance/apikey/": 5,
    "/admin/governance/heuristicrule/": 8,
    "/admin/governance/modelmapping/": 5,
    "/admin/governance/revision/": 5,
    "/api/governance/routing-profiles": 6,
    "/api/governance/routing-profiles?provider=fast": 6,
    "/api/governance/routing-profiles/export": 11,
    "/api/governance/providers": 3,
    "/api/governance/keys": 3,
    "/api/governance/heuristic-rules": 3,
    "/api/governance/model-mappings": 3,
    "/api/governance/revisions?limit=5": 4,
}
"""At most so many, session and user included."""


def _build(start: int, count: int) -> None:
    for place in range(start, start + count):
        services.save_provider(provider_document(f"fast{place}"), who="t")
        targets = [{"provider": f"fast{place}"}, {"provider": "nobody"}]
        services.save_profile(profile_document(f"p{place}", targets=targets), who="t")
        key = {"name": f"k{place}", "scopes": ["inference"], "routing_profile": f"p{place}"}
        services.create_key(key, who="t")
        services.save_rule({"name": f"r{place}", "profile": f"p{place}"}, who="t")
        services.save_mapping({"pattern": f"m{place}", "destination": f"p{place}"}, who="t")


def _count(client: Client, path: str) -> int:
    path = path.format(provider=Provider.objects.earliest("pk").pk)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


@pytest.mark.django_db
def test_lists_take_no_more_queries_with_more_rows() -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    _build(0, 2)
    for path in BASELINES:
        _count(client, path)  # fills what is read once per process
    few = {path: _count(client, path) for path in BASELINES}
    _build(2, 20)
    many = {path: _count(client, path) for path in BASELINES}
    assert many == few
    over: dict[str, Any] = {
        path: (count, BASELINES[path]) for path, count in few.items() if count > BASELINES[path]
    }
    assert not over
