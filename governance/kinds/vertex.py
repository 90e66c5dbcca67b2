"""Vertex AI: Claude and Gemini at Google Cloud, by service account."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from governance.kinds.anthropic import KIND as ANTHROPIC
from governance.kinds.auth import Credentials, SignableRequest, Token, TokenRefused, TokenReply
from governance.kinds.azure import bearer_token, signed
from governance.kinds.compatible import CHAT
from governance.kinds.credentials import members
from governance.kinds.gemini import HI, WORDS
from governance.kinds.kind import TRACE_HEADERS, Preset, Probe, ProviderKind

TOKEN_PLACE: Final = "https://oauth2.googleapis.com/token"  # noqa: S105  # an address
SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
LIFE: Final = 3600
"""Seconds. Source: Google's guide "Using OAuth 2.0 for server to server applications"."""
_CLAUDE: Final = re.compile(r"claude", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A token for the key of a service account, or of a user, as Google writes it to a file.

    What is no JSON object is an API key. The assertion is signed by `google-auth`, none of whose
    HTTP is used.
    """

    fixed: bool = False

    def token_request(self, credentials: Credentials, now: float) -> SignableRequest | None:
        parts = members(credentials.api_key)
        if not parts:
            return None
        url = parts.get("token_uri") or TOKEN_PLACE
        if parts.get("type") == "authorized_user":
            names = ("client_id", "client_secret", "refresh_token")
            form = {"grant_type": "refresh_token", **{name: parts.get(name, "") for name in names}}
        else:
            form = {
                "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
                "assertion": _assertion(parts, url, int(now)),
            }
        kind = (("content-type", "application/x-www-form-urlencoded"),)
        return SignableRequest("POST", url, kind, urlencode(form).encode())

    def token_of(self, reply: TokenReply, now: float) -> Token:
        return bearer_token(reply, now, "Google")

    def sign(
        self, request: SignableRequest, credentials: Credentials, token: Token | None, now: float
    ) -> SignableRequest:
        return signed(request, credentials, token, "x-goog-api-key")


def _assertion(parts: Mapping[str, str], url: str, now: int) -> str:
    """The signed claim to be the service account (RFC 7523)."""
    from google.auth import crypt, jwt

    if not parts.get("client_email") or not parts.get("private_key"):
        raise TokenRefused(
            "The credential is a JSON object without client_email or private_key: "
            "paste the whole key file of the service account."
        )
    try:
        signer = crypt.RSASigner.from_service_account_info(dict(parts))
    except ValueError:
        raise TokenRefused("The private_key of the service account cannot be read.") from None
    claim = {
        "iss": parts["client_email"],
        "scope": SCOPE,
        "aud": url,
        "iat": now,
        "exp": now + LIFE,
    }
    made: bytes = jwt.encode(signer, claim)
    return made.decode()


def dialect_of(model: str) -> str:
    return "vertex_claude" if _CLAUDE.search(model) else "vertex_gemini"


def _question(model: str) -> tuple[str, Mapping[str, Any]]:
    name = quote(model, safe="@")
    if not _CLAUDE.search(model):
        return f"/publishers/google/models/{name}:generateContent", HI
    asked = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}
    body = {"anthropic_version": "vertex-2023-10-16", **asked}
    return f"/publishers/anthropic/models/{name}:rawPredict", body


def _models_base(base_url: str) -> str:
    """Models are listed for all projects and places."""
    url = urlsplit(base_url)
    return f"{url.scheme}://{url.netloc}/v1beta1"


KIND = ProviderKind(
    name="vertex",
    label="Vertex AI",
    help="Claude and Gemini at Google Cloud; the key is a service account's JSON file.",
    rank=52,
    protocol="gemini",
    dialect_of=dialect_of,
    request_types=CHAT,
    key_help="the service account's JSON key file",
    auth=ServiceAccount(),
    caller_headers=TRACE_HEADERS | {b"anthropic-beta"},
    list_headers=ANTHROPIC.list_headers,
    probe=Probe(
        question=_question,
        answer_field="candidates content",
        models_path="/publishers/google/models?pageSize=1000",
        models_base=_models_base,
        models_field="publisherModels",
        model_name="name",
        name_after="/models/",
    ),
    price_seller="google",
    failure_words=WORDS,
    model_rules=ANTHROPIC.model_rules,
    presets=(
        Preset(
            "Vertex AI",
            "vertex",
            "https://aiplatform.googleapis.com/v1/projects/your-project/locations/global",
            rank=6,
        ),
    ),
)
