"""Azure OpenAI and Azure AI Foundry: OpenAI's protocol at addresses and with keys of their own."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote, urlencode

from governance.kinds.auth import (
    Credentials,
    SignableRequest,
    Token,
    TokenRefused,
    TokenReply,
)
from governance.kinds.credentials import first, members
from governance.kinds.failure_words import SHARED, FailureWords
from governance.kinds.kind import TRACE_HEADERS, Preset, ProviderKind, joined
from governance.kinds.model_rules import Fix, ModelRule
from governance.kinds.responses_api import ResponsesAPI

AUTHORITY: Final = "https://login.microsoftonline.com"
SCOPE: Final = "https://cognitiveservices.azure.com/.default"
API_VERSION: Final = "api-version=2024-10-21"
"""The last one of its kind that is no preview. Source: Azure OpenAI, "API version lifecycle"."""
_DEPLOYMENTS: Final = "/openai/deployments"


def address(base_path: str, query: str, path: str, model: str) -> str:
    """The v1 path where the base URL names none, else what it names.

    Of a deployment's target URI, as the portal shows it, the deployment is replaced by the model.
    """
    before, deployments, _ = base_path.partition(_DEPLOYMENTS)
    if deployments:
        query = query or API_VERSION
        if path.startswith(("/models", "/files", "/batches")):
            return joined(f"{before}/openai", query, path, model)
        return joined(f"{before}{_DEPLOYMENTS}/{quote(model, safe='')}", query, path, model)
    if base_path in ("", "/openai"):
        base_path = "/openai/v1"
    return joined(base_path.removesuffix("/chat/completions"), query, path, model)


@dataclass(frozen=True, slots=True)
class EntraOrKey:
    """A key in `api-key`, or a token of Microsoft Entra for a service principal's secret.

    The service principal is a JSON object with `tenant_id`, `client_id` and `client_secret`, or
    what `az ad sp create-for-rbac` prints. Source: Microsoft identity platform, "OAuth 2.0 client
    credentials flow".
    """

    fixed: bool = False

    def token_request(self, credentials: Credentials, now: float) -> SignableRequest | None:
        parts = members(credentials.api_key)
        if not parts:
            return None
        tenant = first(parts, "tenant_id", "tenantId", "tenant")
        client = first(parts, "client_id", "clientId", "appId")
        secret = first(parts, "client_secret", "clientSecret", "password")
        if not (tenant and client and secret):
            raise TokenRefused(
                "The credential is a JSON object without tenant_id, client_id or client_secret."
            )
        form = {
            "grant_type": "client_credentials",
            "client_id": client,
            "client_secret": secret,
            "scope": parts.get("scope") or SCOPE,
        }
        authority = (parts.get("authority") or AUTHORITY).rstrip("/")
        return SignableRequest(
            "POST",
            f"{authority}/{quote(tenant, safe='')}/oauth2/v2.0/token",
            (("content-type", "application/x-www-form-urlencoded"),),
            urlencode(form).encode(),
        )

    def token_of(self, reply: TokenReply, now: float) -> Token:
        return bearer_token(reply, now, "Microsoft Entra")

    def sign(
        self, request: SignableRequest, credentials: Credentials, token: Token | None, now: float
    ) -> SignableRequest:
        return signed(request, credentials, token, "api-key")


def signed(
    request: SignableRequest, credentials: Credentials, token: Token | None, key_header: str
) -> SignableRequest:
    """With the token, or else with the key in the header that this provider reads it from."""
    if token is not None:
        header = ("authorization", f"Bearer {token.value}")
    elif credentials.api_key:
        header = (key_header, credentials.api_key)
    else:
        return request
    return replace(request, headers=(*request.headers, header))


def bearer_token(reply: TokenReply, now: float, who: str) -> Token:
    """The token in an OAuth 2.0 answer (RFC 6749, section 5). Raises `TokenRefused`."""
    try:
        document = json.loads(reply.body)
        if reply.status == 200:
            return Token(str(document["access_token"]), now + float(document["expires_in"]))
        why = str(document.get("error") or "")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        why = ""
    said = f": {why}" if why.replace("_", "").isalnum() and len(why) <= 60 else ""
    raise TokenRefused(f"{who} gave no token, status {reply.status}{said}.")


KIND = ProviderKind(
    name="azure",
    label="Azure OpenAI",
    help="Azure OpenAI and AI Foundry; models are the names of deployments.",
    rank=50,
    protocol="openai",
    holds=frozenset({"files", "file_batches"}),
    base_url_query=True,
    address=address,
    key_help="a key, or JSON with tenant_id, client_id and client_secret",
    auth=EntraOrKey(),
    # Of the v1 path alone, so by the operator's word.
    responses=ResponsesAPI(),
    caller_headers=TRACE_HEADERS,
    price_seller="azure",
    failure_words=(
        # Source: Azure OpenAI's reference of errors.
        FailureWords(
            "misconfigured",
            "unknown_model",
            "The provider does not know the model.",
            (r"DeploymentNotFound", r"OperationNotSupported", r"API version not supported"),
            frozenset({400, 404}),
            status=404,
        ),
        FailureWords(
            "retryable",
            "overloaded",
            "The provider is overloaded.",
            (r"EngineOverloaded|NoCapacity|system is currently experiencing high demand",),
            frozenset({400, 408, 424, 429, 503}),
            status=503,
        ),
        *SHARED,
    ),
    model_rules=(
        # Deployments are mostly called after their models: see OpenAI's rules.
        ModelRule(
            r"^(?:o[134](?:-(?:mini|pro|preview))?|gpt-5(?:-(?:mini|nano|pro|codex))?)$",
            (Fix("fixed_temperature"), Fix("drop", "top_p")),
        ),
    ),
    presets=(Preset("Azure OpenAI", "azure", "https://your-resource.openai.azure.com", rank=4),),
)
