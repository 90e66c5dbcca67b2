"""The audit log: every change of anything, by whichever way, and nobody takes an entry back."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.db import Error, connection, transaction
from django.test import Client

from governance import services
from governance.models import AuditEntry, Interaction, RoutingProfile
from tests.gateway.console.sent import profile_form
from tests.governance.api.conftest import ROOT, Api
from tests.governance.conftest import profile_document, provider_document

pytestmark = pytest.mark.django_db

CANARY = "sk-canary-0123456789abcdef"


def last(**more: Any) -> AuditEntry:
    return AuditEntry.objects.filter(**more).latest("pk")


@pytest.fixture
def browser() -> Client:
    client = Client(REMOTE_ADDR="192.0.2.7")
    client.force_login(User.objects.create_superuser("root", password="pw-0123456789"))
    return client


def test_every_way_is_told(browser: Client) -> None:
    call_command("create_api_key", "ci", "--scopes", SCOPES, stdout=(out := io.StringIO()))
    entry = last()
    assert (entry.via, entry.actor, entry.address) == ("command", "command line", "")
    assert (entry.action, entry.object_type, entry.object_name) == ("create", "API key", "ci")
    api = Api(out.getvalue().strip())
    api.post("/providers", provider_document(), REMOTE_ADDR="2001:db8::1")
    entry = last()
    assert (entry.via, entry.actor, entry.address) == ("api", "key: ci", "2001:db8::1")
    assert (entry.object_type, entry.object_id) == ("provider", "fast")
    document = profile_document()
    browser.post("/admin/governance/routingprofile/add/", profile_form(document))
    entry = last()
    assert (entry.via, entry.actor, entry.address) == ("page", "root", "192.0.2.7")
    assert (entry.action, entry.object_id) == ("create", "light")
    assert "target 1: fast/m-1" in entry.changes
    api.post("/routing-profiles/import", {"routing_profiles": [{**document, "name": "Other"}]})
    entry = last()
    assert (entry.via, entry.actor, entry.action) == ("import", "key: ci", "change")
    assert entry.changes == ["name Light → Other"]
    api.delete("/providers/fast?force=true")
    assert (last().action, last().object_id) == ("delete", "fast")
    assert "kind: openai" in last().changes


SCOPES = "inference,governance:read,governance:write,keys"


def test_people_and_groups_are_told_by_whatever_changes_them(browser: Client) -> None:
    user = User.objects.create_user("ann", password="first-0123456789")
    assert (last().action, last().object_type, last().object_id) == ("create", "user", "ann")
    user.groups.add(Group.objects.get(name="Operator"))
    assert last().changes == ["group Operator added"]
    Group.objects.get(name="Operator").user_set.remove(user)
    assert (last().object_id, last().changes) == ("ann", ["group Operator removed"])
    user.user_permissions.add(*Permission.objects.filter(codename="view_provider"))
    user.user_permissions.clear()
    assert "removed" in last().changes[0]
    user.set_password("second-0123456789")
    user.save()
    assert last().changes == ["password replaced"]
    user.is_superuser = True
    user.save()
    assert last().changes == ["superuser status turned on"]
    count = AuditEntry.objects.count()
    user.save()
    assert AuditEntry.objects.count() == count
    path = f"/admin/auth/user/{user.pk}/delete/"
    browser.post(path, {"post": "yes"})
    entry = last(action="delete")
    assert (entry.actor, entry.via, entry.object_id) == ("root", "page", "ann")
    group = Group.objects.create(name="Night shift")
    group.permissions.add(*Permission.objects.filter(codename="view_apikey"))
    assert (last().object_type, last().object_id) == ("group", "Night shift")


def test_no_entry_holds_a_secret(browser: Client) -> None:
    document = provider_document(api_key=CANARY, extra_headers={"x-token": CANARY})
    services.save_provider(document, who="t")
    services.save_provider({**document, "api_key": f"{CANARY}2"}, who="t", existing="fast")
    assert last().changes == ["API key replaced", "value of a header replaced"]
    User.objects.create_user("ann", password=CANARY)
    told = json.dumps(list(AuditEntry.objects.values()), default=str)
    assert CANARY not in told
    assert "pbkdf2" not in told


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE governance_auditentry SET actor = 'someone else'",
        "DELETE FROM governance_auditentry",
    ],
)
def test_the_database_lets_nobody_take_one_back(statement: str) -> None:
    services.save_provider(provider_document(), who="t")
    before = list(AuditEntry.objects.values())
    with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    entry = last()
    for act in (entry.save, entry.delete):
        with pytest.raises(TypeError):
            act()
    with pytest.raises(Error), transaction.atomic():
        AuditEntry.objects.all().delete()
    with pytest.raises(Error), transaction.atomic():
        AuditEntry.objects.update(actor="x")
    assert list(AuditEntry.objects.values()) == before


def test_what_was_refused_is_not_told_and_what_fails_takes_its_entry_along() -> None:
    count = AuditEntry.objects.count()
    with pytest.raises(Exception, match="required"):
        services.save_profile(profile_document(name=""), who="t")
    with transaction.atomic():
        services.save_provider(provider_document(), who="t")
        transaction.set_rollback(True)
    services.replace_all([profile_document()], who="t", dry_run=True)
    assert AuditEntry.objects.count() == count


def test_the_api_tells_it_and_narrows_it() -> None:
    _, secret = services.create_key({"name": "r", "scopes": ["governance:read"]}, who="t")
    services.save_provider(provider_document(), who="ann")
    services.save_profile(profile_document(), who="bob")
    services.save_profile(profile_document(enabled=False), who="ann", existing="light")
    api = Api(secret)
    answer = api.get("/audit?object_type=routing_profile&object_id=light").json()
    assert answer["count"] == 2
    first = answer["audit"][0]
    assert {*first} >= {
        *("actor", "at", "address", "via", "action", "object_type", "object_id", "changes")
    }
    assert (first["actor"], first["action"], first["changes"]) == ("ann", "change", ["turned off"])
    for query, count in {"actor=ANN": 2, "via=command": 4, "action=create": 3}.items():
        assert api.get(f"/audit?{query}").json()["count"] == count
    at = first["at"].replace("+", "%2B")
    assert api.get(f"/audit?until={at}").json()["count"] == 3
    assert api.get(f"/audit?since={at}&limit=1").json()["count"] == 1
    assert api.get("/audit?since=yesterday").status_code == 400
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert api(method, "/audit").status_code == 405
    assert Api().get("/audit").status_code == 401
    _, other = services.create_key({"name": "i", "scopes": ["inference"]}, who="t")
    assert Api(other).get("/audit").status_code == 403


def test_roles_and_pages(browser: Client) -> None:
    services.save_provider(provider_document(), who="t")
    services.save_profile(profile_document(), who="t")
    services.save_profile(
        profile_document(description="<script>x"), who="mallory", existing="light"
    )
    listing = browser.get("/admin/governance/auditentry/")
    assert listing.status_code == 200
    page = browser.get("/admin/governance/routingprofile/light/history/").content.decode()
    assert "mallory" in page
    assert "<script>x" not in page
    entry = f"/admin/governance/auditentry/{last().pk}/"
    assert browser.get(f"{entry}change/").status_code == 200
    for path in (f"{entry}change/", f"{entry}delete/", "/admin/governance/auditentry/add/"):
        assert browser.post(path, {"post": "yes"}).status_code == 403
    operator = User.objects.create_user("olga", is_staff=True)
    operator.groups.add(Group.objects.get(name="Operator"))
    client = Client()
    client.force_login(operator)
    assert client.get("/admin/governance/auditentry/").status_code == 403
    assert client.get(f"{ROOT}/audit").status_code == 403
    assert client.get("/admin/governance/routingprofile/light/history/").status_code == 200
    operator.groups.add(Group.objects.get(name="Administrator"))
    assert client.get("/admin/governance/auditentry/").status_code == 200
    assert RoutingProfile.objects.exists()
    assert not Interaction.objects.exists()


async def _body(answer: Any) -> bytes:
    return b"".join([piece async for piece in answer.streaming_content])
