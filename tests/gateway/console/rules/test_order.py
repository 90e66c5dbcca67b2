"""The order of rules by hand, of those that one page shows and of all."""

from __future__ import annotations

import pytest
from django.test import Client

from governance import services
from governance.models import HeuristicRule
from tests.gateway.console.sent import ROOT

pytestmark = pytest.mark.django_db
PATH = f"{ROOT}/heuristicrule/"


@pytest.fixture(autouse=True)
def rules(db: None) -> None:
    for name in "abcde":
        services.save_rule({"name": name, "profile": "light"}, who="t")


def order() -> str:
    return "".join(HeuristicRule.objects.values_list("name", flat=True))


def keys(names: str) -> list[int]:
    return [HeuristicRule.objects.get(name=name).pk for name in names]


@pytest.mark.parametrize(
    ("dragged", "after"), [("dc", "abdce"), ("ed", "abced"), ("ac", "abcde"), ("edcba", "edcba")]
)
def test_rows_of_a_page_change_places_among_themselves(
    admin: Client, dragged: str, after: str
) -> None:
    """The list counts the rows it shows from nought, whatever page they are on."""
    sent = {"_save": "Save"}
    for place, key in enumerate(keys(dragged)):
        sent |= {f"form-{place}-id": str(key), f"form-{place}-position": str(place)}
    admin.post(PATH, sent)
    assert order() == after


@pytest.mark.parametrize(("action", "after"), [("try_first", "bdace"), ("try_last", "acebd")])
def test_rules_are_moved_beyond_their_page(admin: Client, action: str, after: str) -> None:
    admin.post(PATH, {"action": action, "_selected_action": keys("db")})
    assert order() == after
