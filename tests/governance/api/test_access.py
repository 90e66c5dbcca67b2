"""Who may do what: keys by their scopes, people by Django's permissions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from governance import services
from governance.models import ApiKey
from tests.governance.api.conftest import ROOT, Api, error_of
from tests.governance.conftest import profile_document, provider_document

pytestmark = pytest.mark.django_db

READS = [
    "/routing-profiles",
    "/routing-profiles/export",
    "/routing-profiles/light",
    "/providers",
    "/keys",
    "/heuristic-rules",
    "/model-mappings",
    "/revisions",
]
WRITES = [
    ("POST", "/routing-profiles"),
    ("PUT", "/routing-profiles/light"),
    ("DELETE", "/routing-profiles/light"),
    ("POST", "/routing-profiles/import"),
    ("POST", "/routing-profiles/import?dry_run=true"),
    ("POST", "/providers"),
    ("PUT", "/providers/a"),
    ("PATCH", "/providers/a"),
    ("DELETE", "/providers/a"),
    ("POST", "/keys"),
    ("PATCH", "/keys/a"),
    ("DELETE", "/keys/a"),
    ("POST", "/heuristic-rules"),
    ("PUT", "/heuristic-rules/order"),
    ("PATCH", "/heuristic-rules/1"),
    ("POST", "/model-mappings"),
    ("DELETE", "/model-mappings/1"),
    ("POST", "/revisions/1/revert"),
]
ALL = [("GET", path) for path in READS] + WRITES + [("POST", "/routing-profiles/simulate")]


@pytest.fixture(autouse=True)
def profile() -> None:
    services.save_profile(profile_document(), who="t")


@pytest.mark.parametrize(("method", "path"), ALL)
def test_nothing_without_a_key(method: str, path: str) -> None:
    answer = Api()(method, path, {})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert error_of(answer)["type"] == "authentication_error"


@pytest.mark.parametrize(("method", "path"), ALL)
def test_nothing_with_a_key_for_inference_alone(
    caller: Callable[..., Api], method: str, path: str
) -> None:
    answer = caller("inference")(method, path, {})
    assert answer.status_code == 403
    assert "lacks the scope governance:" in error_of(answer)["message"]


@pytest.mark.parametrize("path", READS)
def test_a_reader_reads(caller: Callable[..., Api], path: str) -> None:
    assert caller("governance:read").get(path).status_code == 200


def test_a_reader_simulates(caller: Callable[..., Api]) -> None:
    answer = caller("governance:read").post("/routing-profiles/simulate", {"model": "light/small"})
    assert answer.status_code == 200


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_reader_writes_nothing(caller: Callable[..., Api], method: str, path: str) -> None:
    answer = caller("governance:read")(method, path, {})
    assert answer.status_code == 403


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_writer_may_try(caller: Callable[..., Api], method: str, path: str) -> None:
    answer = caller("governance:write", "keys")(method, path, {})
    assert answer.status_code not in (401, 403, 500)


def test_the_key_may_come_as_x_api_key() -> None:
    _, secret = services.create_key({"name": "k", "scopes": ["governance:read"]}, who="t")
    assert Api().get("/providers", headers={"x-api-key": secret}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer pm-wrong"},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic cm9vdDpyb290"},
        {
            "Authorization": "Bearer \udcff\udcfe".encode("utf-8", "surrogateescape").decode(
                "latin-1"
            )
        },
        {"x-api-key": ""},
        {"x-api-key": "pm-" + "x" * 5000},
    ],
)
def test_a_key_that_is_none(headers: dict[str, str]) -> None:
    answer = Api().get("/providers", headers=headers)
    assert answer.status_code == 401
    error_of(answer)


def test_a_key_that_was_disabled_deleted_or_has_expired(caller: Callable[..., Api]) -> None:
    api = caller("governance:read")
    key = ApiKey.objects.get()
    services.update_key(key.pk, {"enabled": False}, who="t")
    assert error_of(api.get("/providers"))["code"] == "disabled_api_key"
    past = (timezone.now() - timedelta(seconds=1)).isoformat()
    services.update_key(key.pk, {"enabled": True, "expires_at": past}, who="t")
    assert error_of(api.get("/providers"))["code"] == "expired_api_key"
    services.delete_key(key.pk, who="t")
    assert error_of(api.get("/providers"))["code"] == "invalid_api_key"


def _session(user: User, *, csrf: bool = False) -> Client:
    client = Client(enforce_csrf_checks=csrf)
    client.force_login(user)
    return client


def test_people_need_to_be_staff() -> None:
    client = _session(User.objects.create_user("ann"))
    assert client.get(f"{ROOT}/routing-profiles").status_code == 403


def test_staff_need_the_permission_on_the_model() -> None:
    user = User.objects.create_user("ann", is_staff=True)
    client = _session(user)
    answer = client.get(f"{ROOT}/routing-profiles")
    assert answer.status_code == 403
    assert "governance.view_routingprofile" in error_of(answer)["message"]
    user.user_permissions.add(Permission.objects.get(codename="view_routingprofile"))
    assert client.get(f"{ROOT}/routing-profiles").status_code == 200
    assert client.get(f"{ROOT}/routing-profiles/export").status_code == 200
    assert client.get(f"{ROOT}/keys").status_code == 403
    assert client.delete(f"{ROOT}/routing-profiles/light").status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="delete_routingprofile"))
    assert client.delete(f"{ROOT}/routing-profiles/light").status_code == 204


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"api_key": "new"}, "api_key"),
        ({"api_key": ""}, "api_key"),
        ({"extra_headers": {"X-A": "b"}}, "extra_headers"),
        ({"base_url": "http://127.0.0.1:10/"}, "base_url"),
    ],
)
def test_staff_need_a_permission_of_its_own_for_credentials(
    change: dict[str, object], field: str
) -> None:
    services.save_provider(provider_document(api_key="s3cret"), who="t")
    user = User.objects.create_user("ann", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="change_provider"))
    path = f"{ROOT}/providers/fast"
    answer = _session(user).patch(path, change, "application/json")
    assert answer.status_code == 403
    assert list(error_of(answer)["fields"]) == [field]
    assert _session(user).patch(path, {"enabled": False}, "application/json").status_code == 200
    user.user_permissions.add(Permission.objects.get(codename="set_credentials"))
    assert _session(user).patch(path, change, "application/json").status_code == 200


def test_import_needs_every_permission_it_uses() -> None:
    user = User.objects.create_user("ann", is_staff=True)
    client = _session(user)
    body: dict[str, list[object]] = {"routing_profiles": []}
    for right in ("add", "change", "delete"):
        answer = client.post(f"{ROOT}/routing-profiles/import", body, "application/json")
        assert answer.status_code == 403
        user.user_permissions.add(Permission.objects.get(codename=f"{right}_routingprofile"))
    answer = client.post(f"{ROOT}/routing-profiles/import", body, "application/json")
    assert answer.status_code == 200


def test_a_session_is_safe_from_other_sites() -> None:
    client = _session(User.objects.create_superuser("root"), csrf=True)
    answer = client.delete(f"{ROOT}/routing-profiles/light")
    assert answer.status_code == 403
    assert "CSRF" in error_of(answer)["message"]
    assert client.get(f"{ROOT}/routing-profiles").status_code == 200


def test_a_revision_names_the_caller(caller: Callable[..., Api]) -> None:
    caller("governance:write").delete("/routing-profiles/light")
    api = caller("governance:read")
    found = api.get("/revisions?action=delete").json()["revisions"]
    assert [one["who"] for one in found] == ["key: caller"]
