"""Every error comes in the same envelope, whatever went wrong, and changes nothing."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.urls import resolve

from governance import services
from governance.models import RoutingProfile
from tests.governance.api.conftest import Api, error_of
from tests.governance.conftest import profile_document

PATH = "/routing-profiles"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "invalid_json"),
        (b"", "invalid_json"),
        (b"\xff\xfe", "invalid_utf8"),
        (b'{"name": "\xff"}', "invalid_utf8"),
        (b'{"name": NaN}', "invalid_json"),
        (b'{"name": "\\ud800"}', "invalid_json"),
        (b"[" * 100_000, "invalid_json"),
        (b'{"name": ' + b"1" * 10_000 + b"}", "invalid_json"),
        (b"[]", "type"),
        (b"null", "type"),
        (b'"text"', "type"),
        (b"1e3", "type"),
    ],
)
def test_a_body_that_is_no_object(api: Api, body: bytes, code: str) -> None:
    answer = api("POST", PATH, body.decode("latin-1").encode("latin-1"))
    assert answer.status_code == 400
    if body:
        assert error_of(answer)["code"] == code
    assert not RoutingProfile.objects.exists()


def test_a_body_that_is_too_large(api: Api, settings: Any) -> None:
    settings.MAX_BODY_BYTES = 1024**2
    answer = api("POST", PATH, b'{"name": "' + b"x" * 1024**2 + b'"}')
    assert answer.status_code == 413
    assert error_of(answer)["message"] == "The body must have at most 1 MiB."


def test_a_body_of_another_kind(api: Api) -> None:
    answer = api("POST", PATH, b"a=b", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415
    error_of(answer)


def test_a_method_that_is_not_there(api: Api) -> None:
    answer = api.patch(PATH, {})
    assert answer.status_code == 405
    assert answer["Allow"] == "GET, POST, HEAD, OPTIONS"
    error_of(answer)


def test_an_answer_that_is_not_wanted(api: Api) -> None:
    answer = api.get(PATH, headers={"Accept": "text/html"})
    assert answer.status_code == 406
    error_of(answer)


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/nothing/",
        "/providers/a/b",
        "/model-mappings/x",
        "/revisions/99999999999999999999999",
        "/heuristic-rules/99999999999999999999999",
        "/routing-profiles/none",
        "/routing-profiles/%00",
        "/providers/%00",
        "/keys/%00",
        "/keys/%F0%9F%98%80",
        "/",
    ],
)
def test_what_is_not_there(api: Api, path: str) -> None:
    answer = api.get(path)
    assert answer.status_code == 404
    error_of(answer)


def test_what_nobody_foresaw(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller learns that it failed and nothing of how."""

    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("hunter2")

    monkeypatch.setattr(services, "save_profile", fail)
    answer = api.post(PATH, profile_document())
    assert answer.status_code == 500
    assert error_of(answer)["type"] == "api_error"
    assert b"hunter2" not in answer.content
    assert b"Traceback" not in answer.content


def test_several_broken_rules_are_told_at_once(api: Api) -> None:
    document = {"id": "x", "strategy": "best", "targets": [{"virtual_model": "a"}]}
    error = error_of(api.post(PATH, document))
    assert error["type"] == "invalid_request_error"
    assert error["code"] == "invalid"
    assert error["fields"] == {
        "name": ["name is required."],
        "virtual_provider": ["virtual_provider is required."],
        "strategy": [
            "strategy must be ordered_failover, weighted, least_busy, fastest or cheapest."
        ],
        "targets[0].provider": ["provider is required."],
        "targets[0].model": ["model is required where virtual_model is set."],
    }


def test_half_a_surrogate_pair_in_a_field_we_do_not_know(api: Api) -> None:
    """It could not be told in a warning either."""
    document = json.dumps({**profile_document(), "\ud800": 1})
    assert api("POST", PATH, document).status_code == 400


def test_a_flag_of_the_query_that_is_none(api: Api) -> None:
    services.save_profile(profile_document(), who="t")
    answer = api.post(f"{PATH}/import?dry_run=maybe", {"routing_profiles": []})
    assert answer.status_code == 400
    assert list(error_of(answer)["fields"]) == ["dry_run"]
    assert RoutingProfile.objects.exists()


def test_a_body_without_an_announced_length(db: None) -> None:
    """Clients that stream their body send it in chunks; ASGI servers bring it whole."""
    _, secret = services.create_key({"name": "k", "scopes": ["governance:write"]}, who="t")
    path = "/api/governance/routing-profiles"
    headers = [
        (b"authorization", f"Bearer {secret}".encode()),
        (b"content-type", b"application/json"),
        (b"transfer-encoding", b"chunked"),
    ]
    scope = {"type": "http", "method": "POST", "path": path, "headers": headers}
    request = ASGIRequest(scope, BytesIO(json.dumps(profile_document()).encode()))
    found = resolve(path)
    assert found.func(request, *found.args, **found.kwargs).status_code == 201
