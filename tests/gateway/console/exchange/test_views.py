"""Everything out and in by hand: as YAML too, merged or in the place of what is there."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from governance import services
from governance.api.yaml_documents import read, write
from governance.models import HeuristicRule, Provider, RoutingProfile
from tests.gateway.console.profiles.test_import_plan import IMPORT, PATH, token_in
from tests.gateway.console.sent import text_of
from tests.governance.conftest import profile_document, provider_document

pytestmark = pytest.mark.django_db
PAGE = "/admin/exchange/"


@pytest.fixture(autouse=True)
def held(db: None) -> None:
    services.save_provider(provider_document(api_key="sk-secret"), who="t")
    services.save_profile(profile_document(), who="t")
    services.save_rule({"name": "long", "profile": "light"}, who="t")


def test_it_works(admin: Client) -> None:
    """What was downloaded as YAML says what the API says, and changes nothing."""
    told = text_of(admin.get(PAGE))
    for words in ("Heuristic rules", "Merge into it", "Show the plan"):
        assert words in told
    answer = admin.get(f"{PATH}/export/", {"everything": "true", "as": "yaml"})
    assert 'filename="configuration.yaml"' in answer["Content-Disposition"]
    config = read(answer.content)["plugin"]["config"]
    assert [one["name"] for one in config["heuristic_rules"]] == ["long"]
    assert b"sk-secret" not in answer.content
    page = admin.post(IMPORT, {"text": answer.content.decode()})
    assert "Nothing would change" in text_of(page)


def test_what_is_merged_removes_nothing(admin: Client) -> None:
    document = {
        "routing_profiles": [profile_document("large")],
        "providers": [provider_document(idle_timeout=7)],
        "heuristic_rules": [{"name": "short", "profile": "large"}],
    }
    page = admin.post(IMPORT, {"text": write(document), "mode": "merge"})
    told = text_of(page)
    assert "nothing would be removed" in told
    assert "fast: changed (idle timeout 30 → 7" in told
    admin.post(IMPORT, {"plan": token_in(page)})
    assert [one.pk for one in RoutingProfile.objects.order_by("pk")] == ["large", "light"]
    assert HeuristicRule.objects.count() == 2
    assert Provider.objects.get().has_api_key


def test_what_is_replaced_removes_the_rest(admin: Client) -> None:
    document = {"heuristic_rules": [{"name": "short", "profile": "light"}]}
    page = admin.post(IMPORT, {"text": json.dumps(document), "mode": "replace"})
    assert "long: removed" in text_of(page)
    admin.post(IMPORT, {"plan": token_in(page)})
    assert [one.name for one in HeuristicRule.objects.all()] == ["short"]
    assert RoutingProfile.objects.count() == 1


def test_a_slip_in_yaml_is_told_with_its_line(admin: Client) -> None:
    page = admin.post(IMPORT, {"text": "providers:\n  - name: a\n    name: b\n"})
    assert "Line 3: name stands there twice." in text_of(page)


def test_who_only_sees_only_exports(staff: Callable[..., Client]) -> None:
    client = staff("view_routingprofile")
    told = text_of(client.get(PAGE))
    assert "Download" in told
    assert "Show the plan" not in told
    assert "Heuristic rules" not in told
    User.objects.get(username="ann").user_permissions.clear()
    assert client.get(PAGE).status_code == 403
