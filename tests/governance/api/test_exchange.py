"""Everything that operators set goes out and comes in: replaced or merged, as JSON or as YAML."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from governance import services
from governance.api.yaml_documents import read
from governance.models import ApiKey, HeuristicRule, Limit, LimitGrant, ModelMapping, Provider
from tests.governance.api.conftest import ROOT, Api, error_of
from tests.governance.conftest import profile_document, provider_document

EXPORT = "/routing-profiles/export?everything=true"
IMPORT = "/routing-profiles/import"
MERGE = f"{IMPORT}?mode=merge"
LIMIT = {"name": "l", "subject": {"type": "everything"}, "measure": "cost", "amount": "5"}


@pytest.fixture
def filled(api: Api) -> Api:
    """One of everything, with secrets."""
    secret = {"api_key": "sk-secret", "extra_headers": {"X-Team": "secret"}}
    services.save_provider(provider_document(**secret, is_default=True), who="t")
    services.save_profile(profile_document(), who="t")
    for name in ("first", "second"):
        services.save_rule({"name": name, "profile": "light"}, who="t")
    services.save_mapping({"pattern": "gpt", "destination": "light"}, who="t")
    limit = services.LIMITS.save(LIMIT, who="t").document["id"]
    grant = {"limit": limit, "amount": "2", "from": "2026-11-01", "windows": 2}
    services.GRANTS.save(grant, who="t")
    return api


def config(api: Api) -> dict[str, Any]:
    return dict(api.get(EXPORT).json()["plugin"]["config"])


def became(answer: Any, name: str) -> tuple[int, ...]:
    assert answer.status_code == 200, answer.content
    one = answer.json()[name]
    return (*(len(one[what]) for what in ("created", "changed", "removed")), one["unchanged"])


def test_it_works(filled: Api) -> None:
    """Out and in again changes nothing, and what was changed meanwhile comes back."""
    exported = config(filled)
    assert b"secret" not in filled.get(EXPORT).content
    names = ("providers", "heuristic_rules", "model_mappings", "api_keys", "limits", "grants")
    assert {*names} < {*exported}
    same = filled.post(IMPORT, exported)
    assert [became(same, name)[:3] for name in names] == [(0, 0, 0)] * len(names)
    services.save_provider({"name": "slow", "kind": "openai"} | provider_document("slow"), who="t")
    services.save_provider({**provider_document(), "enabled": False}, who="t", existing="fast")
    services.reorder_rules([row.pk for row in HeuristicRule.objects.order_by("-position")], who="t")
    ModelMapping.objects.all().delete()
    ApiKey.objects.update(name="another")
    back = filled.post(IMPORT, exported)
    assert became(back, "providers") == (0, 1, 1, 0)
    assert became(back, "heuristic_rules") == (0, 2, 0, 0)
    assert became(back, "model_mappings") == (1, 0, 0, 0)
    assert became(back, "api_keys") == (0, 1, 0, 0)
    assert back.json()["warnings"] == []
    assert {**config(filled), "api_keys": 0} == {**exported, "api_keys": 0}
    fast = Provider.objects.get()
    assert (fast.reveal_api_key(), fast.reveal_headers()) == ("sk-secret", {"X-Team": "secret"})


def test_what_no_document_has_is_told(filled: Api) -> None:
    exported = config(filled)
    services.delete_provider("fast", who="t", force=True)
    ApiKey.objects.update(name="another")
    answer = filled.post(IMPORT, {**exported, "api_keys": [{**exported["api_keys"][0], "id": "x"}]})
    told = {one["path"]: one["code"] for one in answer.json()["warnings"]}
    assert told == {
        "providers[0].api_key": "secret_lost",
        "providers[0].extra_headers.X-Team": "secret_lost",
        "api_keys[0]": "left_out",
    }
    assert ApiKey.objects.get().name == "another"
    assert Provider.objects.get().credential == "none"


def test_a_merge_removes_nothing_and_goes_by_names(filled: Api) -> None:
    """Numbers are other rows elsewhere: what is new gets a new one, which others then name."""
    mine = Limit.objects.get()
    grant = {"id": 1, "limit": mine.pk, "amount": "7", "from": "2026-11-01", "windows": 1}
    rule = {"id": HeuristicRule.objects.get(name="first").pk, "name": "third", "profile": "light"}
    document = {
        "routing_profiles": [profile_document("large")],
        "providers": [provider_document("slow", is_default=True)],
        "limits": [{**LIMIT, "id": mine.pk, "name": "theirs"}],
        "grants": [grant],
        "heuristic_rules": [rule, {"name": "SECOND", "profile": "large"}],
    }
    answer = filled.post(MERGE, document)
    assert (answer.json()["created"], answer.json()["removed"]) == (["large"], [])
    assert became(answer, "providers") == (1, 0, 0, 0)
    assert became(answer, "heuristic_rules") == (1, 1, 0, 0)
    theirs = Limit.objects.exclude(pk=mine.pk).get()
    assert (theirs.name, mine.name) == ("theirs", "l")
    assert LimitGrant.objects.get(amount=7).limit_id == theirs.pk
    rows = HeuristicRule.objects.values_list("name", "position", "profile")
    assert [*rows] == [("first", 0, "light"), ("SECOND", 1, "large"), ("third", 2, "light")]
    defaults = Provider.objects.filter(is_default=True).values_list("name", flat=True)
    assert [*defaults] == ["slow"]
    before = config(filled)
    again = filled.post(MERGE, document)
    assert became(again, "limits") == (0, 0, 0, 1)
    assert config(filled) == before


def test_a_merge_tells_of_collisions_where_they_stand(filled: Api) -> None:
    twin = {**profile_document("other"), "virtual_provider": "light"}
    answer = filled.post(MERGE, {"routing_profiles": [profile_document("large"), twin]})
    assert list(error_of(answer)["fields"]) == ["routing_profiles[1].virtual_provider"]


def test_yaml(filled: Api) -> None:
    answer = filled.get(EXPORT, headers={"Accept": "application/yaml"})
    assert answer["Content-Type"].startswith("application/yaml")
    assert read(answer.content) == filled.get(EXPORT).json()
    same = filled.post(IMPORT, answer.content, content_type="application/yaml")
    assert became(same, "providers") == (0, 0, 0, 1)
    bad = filled.post(IMPORT, b"a: &x 1", content_type="application/yaml")
    assert "Line 1: anchors and aliases are not read." in error_of(bad)["message"]


def test_nobody_moves_a_credential_by_an_import(filled: Api, client: Client) -> None:
    """Whoever may not set credentials may not send them elsewhere either, nor remove them."""
    operator = User.objects.create_user("operator", is_staff=True)
    names = ("routingprofile", "provider")
    verbs = ("view", "add", "change", "delete")
    rights = Permission.objects.filter(codename__in=[f"{v}_{n}" for v in verbs for n in names])
    operator.user_permissions.set(rights)
    client.force_login(operator)
    for providers in ([{**provider_document(), "base_url": "https://thief.example/v1"}], []):
        path = f"{ROOT}{IMPORT}"
        answer = client.post(path, {"providers": providers}, content_type="application/json")
        assert answer.status_code == 403, answer.content
    rules = client.post(path, {"heuristic_rules": []}, content_type="application/json")
    assert rules.status_code == 403
    assert Provider.objects.get().base_url == provider_document()["base_url"]


def test_a_key_that_may_not_make_keys_changes_none_by_an_import(
    filled: Api, caller: Callable[..., Api]
) -> None:
    """Nor who may have some: one that is confined would be let out by what looks like a backup."""
    bound = {"name": "bound", "scopes": ["inference"], "confined_to": ["light"]}
    held = services.create_key(bound, who="t")[0].document
    writer = caller("governance:read", "governance:write")
    for section, rows in (
        ("api_keys", [{**held, "confined_to": [], "enabled": True}]),
        ("key_allowances", []),
    ):
        answer = writer.post(MERGE, {section: rows})
        assert answer.status_code == 403, answer.content
        assert list(error_of(answer)["fields"]) == [section]
    assert ApiKey.objects.get(pk=held["id"]).confined_to == ["light"]
    maker = caller("governance:read", "governance:write", "keys", "inference")
    assert maker.post(MERGE, {"api_keys": [held]}).status_code == 200


def test_an_unknown_mode_is_refused(filled: Api) -> None:
    told = error_of(filled.post(f"{IMPORT}?mode=both", {"providers": []}))
    assert told["fields"] == {"mode": ["mode must be one of replace, merge."]}
