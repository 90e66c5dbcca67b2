"""Rules below one that always holds are told of."""

from __future__ import annotations

import pytest
from django.test import Client

from governance import services
from governance.models import HeuristicRule
from tests.gateway.console.sent import ROOT, text_of
from tests.governance.conftest import profile_document

pytestmark = pytest.mark.django_db
LONG = [{"feature": "last_user_characters", "operator": ">", "value": 2000}]
PATH = f"{ROOT}/heuristicrule/"


@pytest.fixture(autouse=True)
def rules(db: None) -> None:
    services.save_profile(profile_document(), who="t")
    services.save_rule({"name": "always", "profile": "light", "conditions": []}, who="t")
    services.save_rule({"name": "long", "profile": "light", "conditions": LONG}, who="t")


def test_it_works(admin: Client) -> None:
    text = text_of(admin.get(PATH))
    assert "The rule “long” is never tried: “always” above it holds for every request." in text
    assert "never tried" in text


def test_dragged_above_it_is_reached(admin: Client) -> None:
    rows = {row.name: row.pk for row in HeuristicRule.objects.all()}
    services.reorder_rules([rows["long"], rows["always"]], who="t")
    assert "never tried" not in text_of(admin.get(PATH))


def test_one_that_is_off_or_asleep_covers_nothing(admin: Client) -> None:
    row = HeuristicRule.objects.get(name="always")
    off = {"name": "always", "profile": "light", "enabled": False, "conditions": []}
    services.save_rule(off, who="t", existing=row.pk)
    assert "never tried" not in text_of(admin.get(PATH))
    asleep = {"name": "always", "profile": "nobody", "conditions": []}
    services.save_rule(asleep, who="t", existing=row.pk)
    assert "never tried" not in text_of(admin.get(PATH))
