"""Vertex AI. Source: its REST reference, `publishers.models.generateContent` and `rawPredict`;
Anthropic's guide "Claude on Vertex AI"; Google's "Using OAuth 2.0 for server to server
applications"."""

from __future__ import annotations

import base64
import json
import time
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.service.clouds.gemini_script import GeminiScript
from tests.service.clouds.strict import Refused, Strict, known
from tests.service.pairs.anthropic_script import AnthropicScript
from tests.support.upstream import Asked, Json, Reply, Sse

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PLACE = "/v1/projects/our-project/locations/us-east5"
EMAIL = "gateway@our-project.iam.gserviceaccount.com"

MESSAGES = frozenset(
    {
        *("anthropic_version", "messages", "max_tokens", "system", "stream", "temperature"),
        *("top_p", "top_k", "stop_sequences", "tools", "tool_choice", "thinking", "metadata"),
        *("output_config", "cache_control"),
    }
)
"""Source: Anthropic's reference, "Create a message"; the model is in the path."""


class Vertex(Strict):
    kind = "vertex"
    path = PLACE
    models = ("gemini-3-flash", "gemini-2.5-pro")

    @cached_property
    def pem(self) -> str:
        return KEY.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    @property
    def api_key(self) -> str:  # type: ignore[override]
        return json.dumps(
            {
                "type": "service_account",
                "client_email": EMAIL,
                "private_key_id": "kid-1",
                "private_key": self.pem,
                "token_uri": f"{self.origin}/token",
            }
        )

    def wrong_key(self) -> str:
        return self.api_key.replace(EMAIL, "someone@else")

    def reply(self, asked: Asked, path: str, query: dict[str, str]) -> Reply:
        if path == "/token":
            return self.token(asked)
        issued = asked.headers.get("authorization", "").removeprefix("Bearer ya29.")
        if not issued.isdigit() or int(issued) > self.tokens:
            raise Refused(401, "Request had invalid authentication credentials.", "UNAUTHENTICATED")
        if asked.method == "GET":
            if path != "/v1beta1/publishers/google/models":
                raise Refused(404, "Not found", "NOT_FOUND")
            names = [{"name": f"publishers/google/models/{name}"} for name in self.models]
            return Json({"publisherModels": names})
        model, _, method = path.removeprefix(self.publisher).partition(":")
        if model != self.model:
            message = f"Publisher Model `{path}` was not found or you do not have access to it."
            raise Refused(404, message, "NOT_FOUND")
        return self.answered(asked.body, method, query)

    publisher = ""

    def answered(self, body: dict[str, Any], method: str, query: dict[str, str]) -> Reply:
        raise NotImplementedError

    def token(self, asked: Asked) -> Reply:
        form = {name: values[0] for name, values in parse_qs(asked.raw.decode()).items()}
        if form.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer":
            return Json({"error": "unsupported_grant_type"}, 400)
        head, claim, signature = form["assertion"].split(".")
        KEY.public_key().verify(
            _decoded(signature), f"{head}.{claim}".encode(), padding.PKCS1v15(), hashes.SHA256()
        )
        said, header = json.loads(_decoded(claim)), json.loads(_decoded(head))
        assert header == {"typ": "JWT", "alg": "RS256", "kid": "kid-1"}
        life = said.pop("exp") - said["iat"]
        right = abs(said.pop("iat") - time.time()) < 60 and life <= 3600
        if not right or said != {
            "iss": EMAIL,
            "scope": "https://www.googleapis.com/auth/cloud-platform",
            "aud": f"{self.origin}/token",
        }:
            return Json({"error": "invalid_grant", "error_description": "Invalid JWT."}, 400)
        self.tokens += 1
        token = {"access_token": f"ya29.{self.tokens}", "expires_in": 3599, "token_type": "Bearer"}
        return Json(token)

    def error(self, error: Refused) -> Any:
        status = error.code or "INVALID_ARGUMENT"
        return [{"error": {"code": error.status, "message": error.message, "status": status}}]


class VertexGemini(Vertex):
    model = "gemini-3-flash"
    publisher = f"{PLACE}/publishers/google/models/"

    def __init__(self) -> None:
        super().__init__()
        self.script_of = GeminiScript()

    def answered(self, body: dict[str, Any], method: str, query: dict[str, str]) -> Reply:
        self.heard.append(self.script_of.heard(body).plain())
        answer = self.next()
        if method == "streamGenerateContent" and query == {"alt": "sse"}:
            return Sse(self.script_of.events(answer))
        if method != "generateContent" or query:
            raise Refused(404, "Not found", "NOT_FOUND")
        return Json(self.script_of.whole(answer))


class VertexClaude(Vertex):
    model = "claude-sonnet-4-5@20250929"
    publisher = f"{PLACE}/publishers/anthropic/models/"
    script_of = AnthropicScript()

    def answered(self, body: dict[str, Any], method: str, query: dict[str, str]) -> Reply:
        known(body, MESSAGES)
        if body.get("anthropic_version") != "vertex-2023-10-16":
            raise Refused(400, "anthropic_version: Field required")
        stream = bool(body.get("stream"))
        if method != ("streamRawPredict" if stream else "rawPredict") or query:
            raise Refused(404, "Not found", "NOT_FOUND")
        self.heard.append(self.script_of.heard(body).plain())
        return self.script_of.reply(self.next(), stream=stream)


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
