"""What a revision changed, a page of it at a time."""

from __future__ import annotations

import pytest
from django.test import Client

from governance.models import Revision
from tests.gateway.console.sent import ROOT

pytestmark = pytest.mark.django_db
REVISIONS = f"{ROOT}/revision"


@pytest.mark.parametrize("path", ["2/change/?", "compare/?from=1&to=2&"])
def test_an_import_of_many_things(admin: Client, path: str) -> None:
    """Every one of them is on some page, and on one only; the pages lead to each other."""
    names = [f"mapping-{number:02}" for number in range(60)]
    changes = [
        {"kind": "model mapping", "id": name, "name": name, "before": None, "after": {"a": 1}}
        for name in names
    ]
    Revision.objects.create(version=1, who="t", action="import", changes=[])
    Revision.objects.create(version=2, who="t", action="import", changes=changes)
    pages = [admin.get(f"{REVISIONS}/{path}p={number}").content.decode() for number in (1, 2, 3)]
    shown = [[name for name in names if f"“{name}”" in page] for page in pages]
    assert [name for some in shown for name in some] == names
    assert [len(some) for some in shown] == [25, 25, 10]
    assert "26 to 50 of 60" in pages[1]
    assert [page.count('rel="next"') for page in pages] == [1, 1, 0]
    assert [page.count('rel="prev"') for page in pages] == [0, 1, 1]
    assert f"?{path.partition('?')[2].replace('&', '&amp;')}p=3" in pages[1]
