"""Amazon Bedrock: Claude by InvokeModel, other models by Converse."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, urlsplit, urlunsplit

from governance.kinds.anthropic import KIND as ANTHROPIC
from governance.kinds.auth import Credentials, SignableRequest, Token, TokenRefused, TokenReply
from governance.kinds.compatible import CHAT
from governance.kinds.credentials import first, members
from governance.kinds.failure_words import SHARED, TOO_LONG, UNKNOWN_MODEL, FailureWords
from governance.kinds.kind import TRACE_HEADERS, Preset, Probe, ProviderKind

SERVICE: Final = "bedrock"
"""The name that signatures are for, of the runtime too. Source: its service model."""
_REGION: Final = re.compile(r"(?:^|\.)bedrock(?:-runtime)?(?:-fips)?\.([a-z]{2,}(?:-[a-z]+)+-\d)\.")
_ACCESS_KEY: Final = re.compile(
    r"(?P<id>A[A-Z0-9]{15,127}):(?P<secret>[^:\s]+)(?::(?P<token>\S+))?"
)
_CLAUDE: Final = re.compile(r"(?:^|[./])(?:anthropic\.)?claude-", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class AccessKey:
    """What SigV4 signs with."""

    id: str
    secret: str
    session: str
    region: str


def access_key(credentials: Credentials) -> AccessKey | None:
    """The access key in the credentials, None for a Bedrock API key. Raises `TokenRefused`."""
    given = credentials.api_key.strip()
    parts = members(given)
    found = _ACCESS_KEY.fullmatch(given)
    if found is not None:
        key, secret, session = found["id"], found["secret"], found["token"] or ""
    elif parts:
        key = first(parts, "access_key_id", "AccessKeyId", "aws_access_key_id")
        secret = first(parts, "secret_access_key", "SecretAccessKey", "aws_secret_access_key")
        session = first(parts, "session_token", "SessionToken", "aws_session_token")
    else:
        return None
    if not key or not secret:
        raise TokenRefused(
            "The credential is a JSON object without access_key_id or secret_access_key."
        )
    host = _REGION.search(urlsplit(credentials.base_url).hostname or "")
    region = parts.get("region") or (host[1] if host is not None else "")
    if not region:
        raise TokenRefused(
            "The base URL names no region of AWS: give the access key as a JSON object "
            "with access_key_id, secret_access_key and region."
        )
    return AccessKey(key, secret, session, region)


@dataclass(frozen=True, slots=True)
class SigV4OrKey:
    """AWS's signature, version 4, by `botocore`'s own signer; or a Bedrock API key.

    What is signed are host, content type, body and time: other headers may be touched by proxies.
    """

    fixed: bool = False

    def token_request(self, credentials: Credentials, now: float) -> None:
        access_key(credentials)

    def token_of(self, reply: TokenReply, now: float) -> Token:
        raise TokenRefused("This kind of provider takes no access token.")

    def sign(
        self, request: SignableRequest, credentials: Credentials, token: Token | None, now: float
    ) -> SignableRequest:
        if not credentials.api_key:
            return request
        key = access_key(credentials)
        if key is None:
            bearer = ("authorization", f"Bearer {credentials.api_key.strip()}")
            return replace(request, headers=(*request.headers, bearer))
        return replace(request, headers=(*request.headers, *signature(request, key, now)))


def signature(request: SignableRequest, key: AccessKey, now: float) -> tuple[tuple[str, str], ...]:
    """The headers that sign a request at a time."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials as Signing

    at = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    own = {"x-amz-date": at}
    if key.session:
        own["x-amz-security-token"] = key.session
    kept = {name: value for name, value in request.headers if name == "content-type"}
    signer = SigV4Auth(Signing(key.id, key.secret, key.session or None), SERVICE, key.region)
    signed = AWSRequest(request.method, request.url, {**kept, **own}, request.body)
    signed.context["timestamp"] = at
    text = signer.string_to_sign(signed, signer.canonical_request(signed))
    names = signer.signed_headers(signer.headers_to_sign(signed))
    proof = (
        f"AWS4-HMAC-SHA256 Credential={signer.scope(signed)}, SignedHeaders={names}, "
        f"Signature={signer.signature(text, signed)}"
    )
    return (*own.items(), ("authorization", proof))


def dialect_of(model: str) -> str:
    """Names and ARNs that do not tell their model are asked by Converse, which serves all."""
    return "bedrock_claude" if _CLAUDE.search(model) else "bedrock_converse"


def _question(model: str) -> tuple[str, Mapping[str, Any]]:
    turn = {"role": "user", "content": [{"text": "Hi"}]}
    body = {"messages": [turn], "inferenceConfig": {"maxTokens": 1}}
    return f"/model/{quote(model, safe='')}/converse", body


def _models_base(base_url: str) -> str:
    """Models are listed by the control plane, at a host of its own."""
    url = urlsplit(base_url)
    return urlunsplit(url._replace(netloc=url.netloc.replace("bedrock-runtime", "bedrock")))


KIND = ProviderKind(
    name="bedrock",
    label="Amazon Bedrock",
    help="Claude, Nova and others at AWS; the key is ACCESS_KEY_ID:SECRET or a Bedrock API key.",
    rank=51,
    protocol="anthropic",
    dialect_of=dialect_of,
    request_types=CHAT,
    stream_type="application/vnd.amazon.eventstream",
    key_help="ACCESS_KEY_ID:SECRET, the same as JSON, or a Bedrock API key",
    auth=SigV4OrKey(),
    caller_headers=TRACE_HEADERS,
    probe=Probe(
        question=_question,
        answer_field="output",
        models_path="/foundation-models?byOutputModality=TEXT",
        models_base=_models_base,
        models_field="modelSummaries",
        model_name="modelId",
    ),
    price_seller="aws",
    failure_words=(
        # Source: Bedrock's guide "Troubleshooting API error codes".
        replace(
            UNKNOWN_MODEL,
            marks=(
                r"provided model identifier is invalid",
                r"on-demand throughput isn.t supported",
                r"reached the end of its life|could not resolve the foundation model",
                r"don't have access to the model",
            ),
            statuses=frozenset({400, 403, 404}),
        ),
        replace(TOO_LONG, marks=(r"too many input tokens|exceeds? the model.{0,30}context",)),
        FailureWords(
            "retryable",
            "model_failed",
            "The provider's model failed.",
            (r"",),
            frozenset({424}),
            status=502,
        ),
        *SHARED,
    ),
    model_rules=ANTHROPIC.model_rules,
    presets=(
        Preset(
            "Amazon Bedrock",
            "bedrock",
            "https://bedrock-runtime.us-east-1.amazonaws.com",
            rank=5,
        ),
    ),
)
