"""What viewers, operators and administrators may do, page by page and action by action."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import get_resolver
from pytest_django import Settings

from governance import models, services, snapshot
from governance.models import (
    ApiKey,
    AuditEntry,
    HeuristicRule,
    Interaction,
    ModelMapping,
    Provider,
    Revision,
)
from inference.record.describe import describe
from tests.governance.interactions.request_contexts import request_context
from tests.governance.interactions.rows import insert

pytestmark = pytest.mark.django_db
ROLES = ("Viewer", "Operator", "Administrator")
NOBODY, ADMINISTRATOR, OPERATOR, VIEWER = (), ROLES[2:], ROLES[1:], ROLES
SECRET = "sk-never-shown-anywhere"

Client_of = Callable[[str], Client]


@pytest.fixture
def acting() -> Client_of:
    """A browser of someone who has this role and no other right."""

    def make(role: str) -> Client:
        user = User.objects.create_user(role.lower(), is_staff=True)
        if role in ROLES:
            user.groups.add(Group.objects.get(name=role))
        client = Client()
        client.force_login(user)
        return client

    return make


@pytest.fixture(autouse=True)
def rows(settings: Settings) -> None:
    """One of everything."""
    settings.ENGINE_SOCKET = "/nowhere/engine.sock"
    provider = {"name": "cloud", "kind": "openai", "base_url": "https://api.openai.com/v1"}
    services.save_provider({**provider, "api_key": SECRET}, who="ann")
    services.save_provider({"name": "mlx", "kind": "mlx", "is_default": True}, who="ann")
    profile = {"id": "light", "name": "Light", "virtual_provider": "light"}
    services.save_profile({**profile, "targets": [{"provider": "cloud"}]}, who="ann")
    services.save_rule({"name": "rule", "profile": "light"}, who="ann")
    services.save_mapping({"pattern": "gpt-4o", "destination": "light"}, who="ann")
    services.create_key({"name": "app", "scopes": ["inference"]}, who="ann")
    services.GROUPS.save({"name": "Blue"}, who="ann")
    limit = {"name": "all", "measure": "cost", "amount": 1}
    services.LIMITS.save(limit, who="ann")
    price = {"model": "m", "input": 1, "output": 1, "valid_from": "2026-01-01"}
    services.PRICES.save(price, who="ann")
    group = services.GROUPS.save({"name": "Red"}, who="ann").document["id"]
    services.KEY_ALLOWANCES.save({"group": group, "members": []}, who="ann")
    services.ALERTS.save({"name": "a", "condition": "provider_failing"}, who="ann")
    insert([describe(request_context())])
    snapshot.refresh()


def address(path: str) -> str:
    """The path with the keys of the rows in their places."""
    cloud = Provider.objects.get(name="cloud")
    keys = {
        "provider": cloud.pk,
        "routingprofile": "light",
        "heuristicrule": HeuristicRule.objects.get().pk,
        "modelmapping": ModelMapping.objects.get().pk,
        "apikey": ApiKey.objects.get(name="app").pk,
        "revision": Revision.objects.latest("version").pk,
        "interaction": Interaction.objects.get().pk,
        "auditentry": AuditEntry.objects.latest("pk").pk,
        "user": User.objects.latest("pk").pk,
        "group": Group.objects.get(name="Viewer").pk,
        "limit": models.Limit.objects.get().pk,
        "modelprice": models.ModelPrice.objects.get().pk,
        "keyallowance": models.KeyAllowance.objects.get().pk,
        "alertrule": models.AlertRule.objects.get().pk,
    }
    if "governance/group" in path:
        keys["group"] = models.Group.objects.get(name="Blue").pk
    return path.format(**keys)


LISTS = {
    "governance/routingprofile": VIEWER,
    "governance/provider": VIEWER,
    "governance/heuristicrule": VIEWER,
    "governance/modelmapping": VIEWER,
    "governance/apikey": VIEWER,
    "governance/revision": VIEWER,
    "governance/interaction": VIEWER,
    "governance/group": VIEWER,
    "governance/limit": VIEWER,
    "governance/modelprice": VIEWER,
    "governance/alertrule": VIEWER,
    "governance/keyallowance": VIEWER,
    "governance/auditentry": ADMINISTRATOR,
    "auth/user": ADMINISTRATOR,
    "auth/group": ADMINISTRATOR,
}
"""Who may look at the rows of a model."""

WRITES = {
    "governance/routingprofile": (OPERATOR, OPERATOR, OPERATOR),
    "governance/provider": (OPERATOR, OPERATOR, ADMINISTRATOR),
    "governance/heuristicrule": (OPERATOR, OPERATOR, OPERATOR),
    "governance/modelmapping": (OPERATOR, OPERATOR, OPERATOR),
    "governance/apikey": (ADMINISTRATOR, ADMINISTRATOR, ADMINISTRATOR),
    "governance/revision": (NOBODY, NOBODY, NOBODY),
    "governance/interaction": (NOBODY, NOBODY, NOBODY),
    "governance/group": (OPERATOR, OPERATOR, OPERATOR),
    "governance/limit": (OPERATOR, OPERATOR, OPERATOR),
    "governance/modelprice": (OPERATOR, OPERATOR, OPERATOR),
    "governance/alertrule": (OPERATOR, OPERATOR, OPERATOR),
    "governance/keyallowance": (ADMINISTRATOR, ADMINISTRATOR, ADMINISTRATOR),
    "governance/auditentry": (NOBODY, NOBODY, NOBODY),
    "auth/user": (ADMINISTRATOR, ADMINISTRATOR, ADMINISTRATOR),
    "auth/group": (ADMINISTRATOR, ADMINISTRATOR, ADMINISTRATOR),
}
"""Who may add, change and delete them."""

PAGES = {
    "": (*VIEWER, "Nobody"),
    "connection/<int:pk>/health": VIEWER,
    "dashboard": (*VIEWER, "Nobody"),
    "usage/": (*VIEWER, "Nobody"),
    "exchange/": VIEWER,
    "engine/": VIEWER,
    "engine/state": VIEWER,
    "help/": (*VIEWER, "Nobody"),
    "jsi18n": (*VIEWER, "Nobody"),
    "search/": (*VIEWER, "Nobody"),
    "sessions/": (*VIEWER, "Nobody"),
    "own-keys/": (*VIEWER, "Nobody"),
    "playground/": OPERATOR,
    "playground/models": OPERATOR,
}
ACTIONS = {
    "alerts/<int:pk>/test": OPERATOR,
    "limits/replay": VIEWER,
    "connection/<int:pk>/copy": OPERATOR,
    "connection/<int:pk>/keep": OPERATOR,
    "connection/<int:pk>/models": OPERATOR,
    "connection/<int:pk>/repairs": OPERATOR,
    "connection/<int:pk>/test": OPERATOR,
    "connection/try": OPERATOR,
    "connection/<int:pk>/override": OPERATOR,
    "engine/add": OPERATOR,
    "engine/default": OPERATOR,
    "engine/load": OPERATOR,
    "engine/remove": OPERATOR,
    "engine/unload": OPERATOR,
    "people/<int:pk>/invite": ADMINISTRATOR,
    "people/<int:pk>/ways-in/remove": ADMINISTRATOR,
    "playground/code": OPERATOR,
    "playground/send": OPERATOR,
    "sessions/end": (*VIEWER, "Nobody"),
    "own-keys/create": (*VIEWER, "Nobody"),
    "own-keys/<str:key_id>/rotate": (*VIEWER, "Nobody"),
    "own-keys/<str:key_id>/delete": (*VIEWER, "Nobody"),
    "rehearse": VIEWER,
    "replay": VIEWER,
}
"""POST; 403 means that someone may not, everything else that they may."""

OF_THE_LOG = {
    "interactions/summary": "interactions/summary",
    "interactions/tail": "interactions/tail",
    "interactions/<int:pk>/panel": "interactions/{pk}/panel",
    "interactions/facet/<slug:name>": "interactions/facet/profile",
    "interactions/sessions/": "interactions/sessions/",
    "interactions/session": "interactions/session",
    "interactions/export.<str:kind>": "interactions/export.csv",
}
"""What the pages of interactions ask for, for those who may see them."""

REPLAYED = {"playground/kept/<int:pk>": "playground/kept/{pk}"}
"""Requests of the log in the playground; what was said in them is for administrators."""

LEAD_ON = {
    "connection/<int:pk>/",
    "search/do",
    "curl/<slug:model>",
    "help/<path:name>",
    "help/images/<str:name>",
}
"""They lead to another page, and ask for rights by the thing that is named."""
PICKS = {"pick/<slug:kind>": {"keys": VIEWER, "profiles": VIEWER, "usable-keys": OPERATOR}}
"""What fields search in, and who may see the names there."""


def test_there_are_three_roles() -> None:
    assert set(Group.objects.values_list("name", flat=True)) == set(ROLES)


@pytest.mark.parametrize("role", [*ROLES, "Nobody"])
def test_what_each_may_see(role: str, acting: Client_of) -> None:
    """Every list, every row's page and every page of the console."""
    client = acting(role)
    provider = str(Provider.objects.get(name="cloud").pk)
    for path, allowed in PAGES.items():
        status = client.get(f"/admin/{path.replace('<int:pk>', provider)}").status_code
        assert status == (200 if role in allowed else 403), path
    for model, allowed in LISTS.items():
        name = model.split("/")[1]
        expected = 200 if role in allowed else 403
        assert client.get(f"/admin/{model}/").status_code == expected, model
        page = address(f"/admin/{model}/{{{name}}}/change/")
        assert client.get(page).status_code == expected, page


@pytest.mark.parametrize("role", [*ROLES, "Nobody"])
def test_what_each_may_write(role: str, acting: Client_of) -> None:
    """Forms for adding and deleting, and posts to the form of a row, which must not pass."""
    client = acting(role)
    for model, (add, change, delete) in WRITES.items():
        name = model.split("/")[1]
        added = client.get(f"/admin/{model}/add/").status_code
        assert added == (200 if role in add else 403), f"add {model}"
        posted = client.post(address(f"/admin/{model}/{{{name}}}/change/"), {}).status_code
        assert (posted != 403) == (role in change), f"change {model}: {posted}"
        removed = client.get(address(f"/admin/{model}/{{{name}}}/delete/")).status_code
        assert removed == (200 if role in delete else 403), f"delete {model}"


@pytest.mark.parametrize("role", [*ROLES, "Nobody"])
def test_what_each_may_do(role: str, acting: Client_of) -> None:
    client = acting(role)
    for path, allowed in ACTIONS.items():
        # No row has this key, so nothing is asked: who may gets a 404.
        status = client.post(f"/admin/{path.replace('<int:pk>', '0')}", {}).status_code
        assert (status != 403) == (role in allowed), f"{path}: {status}"
    switched = client.post("/admin/governance/routingprofile/light/switch/", {"enabled": "off"})
    assert switched.status_code == (302 if role in OPERATOR else 403)
    revert = address("/admin/governance/revision/{revision}/revert/")
    assert client.get(revert).status_code == (200 if role in OPERATOR else 403)
    compare = "/admin/governance/revision/compare/"
    assert client.get(compare).status_code == (200 if role in VIEWER else 403)


@pytest.mark.parametrize("role", [*ROLES, "Nobody"])
def test_who_may_see_the_log(role: str, acting: Client_of) -> None:
    client, pk = acting(role), Interaction.objects.get().pk
    for path in OF_THE_LOG.values():
        status = client.get(f"/admin/{path.format(pk=pk)}").status_code
        assert (status != 403) == (role in VIEWER), f"{path}: {status}"
    for path in REPLAYED.values():
        answer = client.get(f"/admin/{path.format(pk=pk)}")
        assert answer.status_code == (200 if role in OPERATOR else 403)
        if role in OPERATOR:
            may_read = "Only people who" not in answer.json()["note"]
            assert may_read == (role in ADMINISTRATOR)


@pytest.mark.parametrize("role", [*ROLES, "Nobody"])
def test_whose_fields_search(role: str, acting: Client_of) -> None:
    client = acting(role)
    for kind, allowed in PICKS["pick/<slug:kind>"].items():
        status = client.get(f"/admin/pick/{kind}").status_code
        assert status == (200 if role in allowed else 403), kind


@pytest.mark.parametrize("role", [*ROLES, "Nobody"])
def test_who_may_carry_profiles_in_and_out(role: str, acting: Client_of) -> None:
    client = acting(role)
    page = "/admin/governance/routingprofile"
    assert client.get(f"{page}/export/").status_code == (200 if role in VIEWER else 403)
    assert client.get(f"{page}/import/").status_code == (200 if role in OPERATOR else 403)
    assert client.get(f"{page}/light/duplicate/").status_code == (302 if role in OPERATOR else 403)


@pytest.mark.parametrize("role", ROLES)
def test_nobody_sees_a_secret(role: str, acting: Client_of) -> None:
    """Of a credential or a key only that it is there."""
    client = acting(role)
    digest = bytes(ApiKey.objects.get(name="app").digest)
    sealed = Provider.objects.get(name="cloud").sealed_api_key
    for model in LISTS:
        name = model.split("/")[1]
        for path in (f"/admin/{model}/", address(f"/admin/{model}/{{{name}}}/change/")):
            body = client.get(path).content
            for secret in (SECRET.encode(), sealed.encode(), digest.hex().encode()):
                assert secret not in body, path


def test_operators_leave_credentials_alone(acting: Client_of) -> None:
    """They may change a provider, and neither its credential nor the address it is sent to."""
    client = acting("Operator")
    page = address("/admin/governance/provider/{provider}/change/")
    assert b'name="api_key"' not in client.get(page).content
    form = {
        "name": "cloud",
        "kind": "openai",
        "base_url": "https://thief.example/v1",
        "api_key": "sk-mine",
        "connect_timeout": "10",
        "first_event_timeout": "60",
        "idle_timeout": "60",
        "total_timeout": "600",
        "enabled": "on",
    }
    refused = client.post(page, form)
    assert "the address they are sent to stays" in refused.content.decode()
    moved = client.post(page, {**form, "base_url": "https://api.openai.com/v1", "enabled": ""})
    assert moved.status_code == 302
    row = Provider.objects.get(name="cloud")
    assert (row.enabled, row.reveal_api_key()) == (False, SECRET)


def test_viewers_change_nothing_by_the_api_either(acting: Client_of) -> None:
    client = acting("Viewer")
    base = "/api/governance"
    for path in ("routing-profiles", "providers", "keys", "heuristic-rules", "model-mappings"):
        assert client.get(f"{base}/{path}").status_code == 200, path
        posted = client.post(f"{base}/{path}", {}, content_type="application/json")
        assert posted.status_code == 403, path


def test_every_page_of_the_admin_is_accounted_for() -> None:
    """A model or a page that is added has to be added here too."""
    registered = {
        f"{model._meta.app_label}/{model._meta.model_name}" for model in admin.site._registry
    }
    assert registered == set(LISTS) == set(WRITES)
    console: Any = next(
        one for one in get_resolver().url_patterns if getattr(one, "namespace", None) == "console"
    )
    known = (set(PAGES) - {""}) | set(ACTIONS) | set(PICKS) | set(OF_THE_LOG)
    known |= LEAD_ON | set(REPLAYED)
    assert {str(one.pattern) for one in console.url_patterns} == known
