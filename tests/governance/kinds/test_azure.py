"""Azure's addresses and credentials, as pure functions."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

import pytest

from governance.kinds import KINDS
from governance.kinds.auth import Credentials, SignableRequest, Token, TokenRefused, TokenReply
from governance.kinds.azure import address
from governance.routing.provider_rules import base_url_problems
from inference.values.failures import of_status

AUTH = KINDS["azure"].auth
PRINCIPAL = {"tenant_id": "t/1", "client_id": "c", "client_secret": "s&3"}


@pytest.mark.parametrize(
    ("base_path", "query", "path", "asked"),
    [
        ("", "", "/chat/completions", "/openai/v1/chat/completions"),
        ("/openai", "", "/models", "/openai/v1/models"),
        ("/openai/v1", "", "/embeddings", "/openai/v1/embeddings"),
        ("/openai/v1", "api-version=preview", "/x", "/openai/v1/x?api-version=preview"),
        ("/openai/v1/chat/completions", "", "/embeddings", "/openai/v1/embeddings"),
        (
            "/openai/deployments",
            "",
            "/chat/completions",
            "/openai/deployments/my%20gpt/chat/completions?api-version=2024-10-21",
        ),
        (
            "/openai/deployments/gpt-4o/chat/completions",
            "api-version=2025-01-01-preview",
            "/embeddings",
            "/openai/deployments/my%20gpt/embeddings?api-version=2025-01-01-preview",
        ),
        ("/apim/openai/deployments", "", "/models", "/apim/openai/models?api-version=2024-10-21"),
        ("/models", "api-version=1", "/chat/completions", "/models/chat/completions?api-version=1"),
    ],
)
def test_where_requests_go(base_path: str, query: str, path: str, asked: str) -> None:
    assert address(base_path, query, path, "my gpt") == asked


def test_a_version_may_stand_in_its_base_url_alone() -> None:
    url = "https://x.openai.azure.com/openai/deployments?api-version=2024-10-21"
    assert list(base_url_problems({"kind": "azure", "base_url": url})) == []
    (problem,) = base_url_problems({"kind": "openai", "base_url": url})
    assert "query" in problem.message


def test_a_token_is_asked_for_by_a_service_principal() -> None:
    request = AUTH.token_request(Credentials(json.dumps(PRINCIPAL)), 0.0)
    assert request is not None
    assert request.url == "https://login.microsoftonline.com/t%2F1/oauth2/v2.0/token"
    assert parse_qs(request.body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["c"],
        "client_secret": ["s&3"],
        "scope": ["https://cognitiveservices.azure.com/.default"],
    }
    assert AUTH.token_request(Credentials("a-key"), 0.0) is None
    with pytest.raises(TokenRefused, match="without tenant_id, client_id or client_secret"):
        AUTH.token_request(Credentials(json.dumps({**PRINCIPAL, "tenant_id": ""})), 0.0)


def test_a_token_or_why_there_is_none() -> None:
    good = TokenReply(200, b'{"access_token":"e","expires_in":3599}')
    assert AUTH.token_of(good, 1000.0) == Token("e", 4599.0)
    for body, why in (
        (b'{"error":"invalid_client","error_description":"secret is s&3"}', "401: invalid_client"),
        (b"<html>", "status 401"),
        (b"[]", "status 401"),
    ):
        with pytest.raises(TokenRefused, match=why) as told:
            AUTH.token_of(TokenReply(401, body), 0.0)
        assert "s&3" not in str(told.value)


def test_one_header_proves_the_right_to_ask() -> None:
    blank = SignableRequest("POST", "https://x/", (("a", "b"),))
    key = AUTH.sign(blank, Credentials("k"), None, 0.0)
    token = AUTH.sign(blank, Credentials(json.dumps(PRINCIPAL)), Token("e", 1.0), 0.0)
    assert key.headers[1:] == (("api-key", "k"),)
    assert token.headers[1:] == (("authorization", "Bearer e"),)
    assert AUTH.sign(blank, Credentials(), None, 0.0) is blank


@pytest.mark.parametrize(
    ("status", "error", "outcome", "code"),
    [
        (404, {"code": "DeploymentNotFound"}, "misconfigured", "unknown_model"),
        (400, {"code": "content_filter"}, "callers_fault", "content_filter"),
        (429, {"code": "NoCapacity"}, "retryable", "overloaded"),
        (401, {"code": "401", "message": "Access denied."}, "misconfigured", "http_401"),
        (400, {"code": "context_length_exceeded"}, "too_long", "too_long"),
    ],
)
def test_words(status: int, error: dict[str, str], outcome: str, code: str) -> None:
    body = json.dumps({"error": {"message": "x", **error}}).encode()
    failure = of_status(status, body, words=KINDS["azure"].failure_words)
    assert (failure.outcome, failure.code) == (outcome, code)
