"""Signatures beside botocore's own signer and AWS's published vectors; credentials; dialects."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Signing

from governance.kinds import KINDS, bedrock
from governance.kinds.auth import Credentials, SignableRequest, TokenRefused
from governance.kinds.bedrock import AccessKey, access_key, signature
from inference.values.failures import of_status

KIND = KINDS["bedrock"]
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
URL = "https://bedrock-runtime.us-east-1.amazonaws.com"
THEN = datetime(2015, 8, 30, 12, 36, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("method", "url", "headers", "body", "proof"),
    [
        ("GET", "/", (), b"",
         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", "/", (), b"",
         "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        ("GET", "/?Param2=value2&Param1=value1", (), b"",
         "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
        ("POST", "/", (("content-type", "application/x-www-form-urlencoded"),), b"Param1=value1",
         "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
    ],
    ids=["get-vanilla", "post-vanilla", "get-vanilla-query-order", "post-x-www-form-urlencoded"],
)  # fmt: skip
def test_published_vectors(
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    url: str,
    headers: tuple[tuple[str, str], ...],
    body: bytes,
    proof: str,
) -> None:
    """Source: AWS's Signature Version 4 test suite, whose service is called `service`."""
    monkeypatch.setattr(bedrock, "SERVICE", "service")
    request = SignableRequest(method, f"https://example.amazonaws.com{url}", headers, body)
    key = AccessKey("AKIDEXAMPLE", SECRET, "", "us-east-1")
    signed = dict(signature(request, key, THEN))
    assert signed["x-amz-date"] == "20150830T123600Z"
    assert signed["authorization"].endswith(f"Signature={proof}")
    assert "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request" in signed["authorization"]


@pytest.mark.parametrize("session", ["", "a-session-token"])
@pytest.mark.parametrize(
    "path", ["/model/amazon.nova%3A0/converse", "/model/arn%3Aaws%3A%2Fx/invoke?a=b%20c&B=1", "/"]
)
def test_as_botocore_signs(monkeypatch: pytest.MonkeyPatch, session: str, path: str) -> None:
    """The whole of its `add_auth`, at the same time."""
    request = SignableRequest(
        "POST",
        URL + path,
        (("content-type", "application/json"), ("accept", "x"), ("traceparent", "00-1")),
        '{"a":"ü"}'.encode(),
    )
    ours = dict(signature(request, AccessKey("AKIDEXAMPLE", SECRET, session, "us-east-1"), THEN))
    theirs = AWSRequest(
        request.method, request.url, {"content-type": "application/json"}, request.body
    )
    at = datetime.fromtimestamp(THEN, UTC)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_, **__: at)
    signing = Signing("AKIDEXAMPLE", SECRET, session or None)
    SigV4Auth(signing, "bedrock", "us-east-1").add_auth(theirs)
    assert {name.lower(): value for name, value in theirs.headers.items()} == {
        **ours, "content-type": "application/json"}  # fmt: skip


@pytest.mark.parametrize(
    ("given", "url", "key"),
    [
        ("AKIAIOSFODNN7EXAMPLE:s/1", URL, ("AKIAIOSFODNN7EXAMPLE", "s/1", "", "us-east-1")),
        (" ASIAIOSFODNN7EXAMPLE:s:t==\n", URL, ("ASIAIOSFODNN7EXAMPLE", "s", "t==", "us-east-1")),
        (
            '{"AccessKeyId":"A","SecretAccessKey":"s","SessionToken":"t","region":"eu-west-3"}',
            "http://127.0.0.1:1",
            ("A", "s", "t", "eu-west-3"),
        ),
        (
            "AKIAIOSFODNN7EXAMPLE:s",
            "https://vpce-1.bedrock-runtime.ap-southeast-2.vpce.amazonaws.com",
            ("AKIAIOSFODNN7EXAMPLE", "s", "", "ap-southeast-2"),
        ),
        (
            "AKIAIOSFODNN7EXAMPLE:s",
            "https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com",
            ("AKIAIOSFODNN7EXAMPLE", "s", "", "us-gov-west-1"),
        ),
    ],
)
def test_access_keys(given: str, url: str, key: tuple[str, ...]) -> None:
    assert access_key(Credentials(given, url)) == AccessKey(*key)


@pytest.mark.parametrize(
    ("given", "url", "why"),
    [
        ('{"access_key_id":"A"}', URL, "without access_key_id or secret_access_key"),
        ("AKIAIOSFODNN7EXAMPLE:s", "https://proxy.example.com", "names no region"),
    ],
)
def test_what_is_missing_is_told_before_anything_is_sent(given: str, url: str, why: str) -> None:
    with pytest.raises(TokenRefused, match=why):
        KIND.auth.token_request(Credentials(given, url), 0.0)


def test_an_api_key_stands_in_a_header() -> None:
    blank = SignableRequest("POST", URL, (("a", "b"),))
    signed = KIND.auth.sign(blank, Credentials("ABSKabc=", URL), None, THEN)
    assert signed.headers == (("a", "b"), ("authorization", "Bearer ABSKabc="))
    assert KIND.auth.sign(blank, Credentials("", URL), None, THEN) is blank


@pytest.mark.parametrize(
    ("model", "dialect"),
    [
        ("anthropic.claude-3-haiku-20240307-v1:0", "bedrock_claude"),
        ("eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "bedrock_claude"),
        ("arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-x", "bedrock_claude"),
        ("arn:aws:bedrock:us-east-1:1:application-inference-profile/abc", "bedrock_converse"),
        ("amazon.nova-pro-v1:0", "bedrock_converse"),
    ],
)
def test_the_model_says_what_is_spoken(model: str, dialect: str) -> None:
    assert KIND.translation(model) == dialect


@pytest.mark.parametrize(
    ("status", "message", "outcome", "code"),
    [
        (400, "The provided model identifier is invalid.", "misconfigured", "unknown_model"),
        (400, "Invocation of model ID x with on-demand throughput isn't supported.",
         "misconfigured", "unknown_model"),
        (400, "Input is too long for requested model.", "too_long", "too_long"),
        (424, "The model failed.", "retryable", "model_failed"),
        (429, "Too many tokens, please wait before trying again.", "retryable", "http_429"),
        (403, "The security token included in the request is invalid.",
         "misconfigured", "http_403"),
        (503, "Bedrock is unable to process your request.", "retryable", "http_503"),
    ],
)  # fmt: skip
def test_words(status: int, message: str, outcome: str, code: str) -> None:
    failure = of_status(status, json.dumps({"message": message}).encode(), words=KIND.failure_words)
    assert (failure.outcome, failure.code) == (outcome, code)
