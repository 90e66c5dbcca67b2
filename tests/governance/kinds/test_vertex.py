"""Vertex AI's credentials and dialects, as pure functions; nothing of Google's HTTP is loaded."""

from __future__ import annotations

import json
import subprocess
import sys
from urllib.parse import parse_qs

import pytest

from governance.kinds import KINDS
from governance.kinds.auth import Credentials, SignableRequest, Token, TokenRefused

KIND = KINDS["vertex"]
AUTH = KIND.auth


def test_the_model_says_what_is_spoken() -> None:
    assert KIND.translation("claude-opus-4-6@20260101") == "vertex_claude"
    assert KIND.translation("gemini-3-pro") == "vertex_gemini"


def test_a_users_refresh_token() -> None:
    user = {"type": "authorized_user", "client_id": "c", "client_secret": "s",
            "refresh_token": "r"}  # fmt: skip
    request = AUTH.token_request(Credentials(json.dumps(user)), 0.0)
    assert request is not None
    assert request.url == "https://oauth2.googleapis.com/token"
    form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
    del user["type"]
    assert form == {**user, "grant_type": "refresh_token"}


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"client_email": "a@b"}, "without client_email or private_key"),
        ({"client_email": "a@b", "private_key": "no key"}, "cannot be read"),
    ],
)
def test_a_key_file_that_is_none(parts: dict[str, str], why: str) -> None:
    with pytest.raises(TokenRefused, match=why) as told:
        AUTH.token_request(Credentials(json.dumps(parts)), 0.0)
    assert "no key" not in str(told.value)


def test_an_api_key_needs_no_token() -> None:
    blank = SignableRequest("POST", "https://x/")
    assert AUTH.token_request(Credentials("AIza"), 0.0) is None
    assert AUTH.sign(blank, Credentials("AIza"), None, 0.0).headers == (("x-goog-api-key", "AIza"),)
    token = AUTH.sign(blank, Credentials("{}"), Token("t", 1.0), 0.0)
    assert token.headers == (("authorization", "Bearer t"),)


def test_signing_libraries_wait_until_they_are_needed() -> None:
    """A service without such providers loads neither of them."""
    code = (
        "import sys, governance.kinds, inference.translate.registry as r; r.protocols(); "
        "print([m for m in ('botocore', 'google.auth', 'requests') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
