"""Azure OpenAI. Source: its REST API reference, "Chat completions - Create", and "Supported
programming languages, v1"; Microsoft identity platform, "OAuth 2.0 client credentials flow"."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs

from tests.service.clouds.strict import CHAT, Refused, Strict, known
from tests.service.pairs.openai_script import OpenAIScript
from tests.support.openai_shapes import data
from tests.support.upstream import Asked, Json, Reply, Sse

TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT = "66666666-7777-8888-9999-000000000000"
SECRET = "the~client.secret"
FILTERED = {"hate": {"filtered": False, "severity": "safe"}}


class Azure(Strict):
    """The v1 path with a key."""

    kind = "azure"
    model = "our-deployment"
    script_of = OpenAIScript()

    def reply(self, asked: Asked, path: str, query: dict[str, str]) -> Reply:
        if path.endswith("/oauth2/v2.0/token"):
            return self.token(asked, path)
        self.authorized(asked)
        if asked.method == "GET":
            return self.listed(path, query)
        self.placed(path, query, asked.body)
        body = asked.body
        known(body, CHAT)
        self.heard.append(self.script_of.heard({"max_tokens": None, **body}).plain())
        answer = self.next()
        if not body.get("stream"):
            whole = self.script_of.whole(answer)
            whole["prompt_filter_results"] = [{"content_filter_results": FILTERED}]
            return Json(whole)
        about = {"choices": [], "id": "", "model": "", "created": 0, "object": ""}
        about["prompt_filter_results"] = [{"content_filter_results": FILTERED}]
        return Sse([data(about), *self.script_of.events(answer)])

    def authorized(self, asked: Asked) -> None:
        if asked.headers.get("api-key") != self.api_key or "authorization" in asked.headers:
            raise Refused(401, "Access denied due to invalid subscription key.", "401")

    def placed(self, path: str, query: dict[str, str], body: dict[str, Any]) -> None:
        if path != "/openai/v1/chat/completions" or query:
            raise Refused(404, "Resource not found", "404")
        if body.get("model") != self.model:
            raise Refused(404, "The API deployment for this resource does not exist.",
                          "DeploymentNotFound")  # fmt: skip

    def listed(self, path: str, query: dict[str, str]) -> Reply:
        if path != "/openai/v1/models" or query:
            raise Refused(404, "Resource not found", "404")
        return Json({"data": [{"id": "gpt-4o-2024-11-20", "object": "model"}]})

    def token(self, asked: Asked, path: str) -> Reply:
        raise Refused(404, "Resource not found", "404")


class AzureDeployments(Azure):
    """The older path, with a version of the API, and a service principal."""

    path = "/openai/deployments/some-other/chat/completions?api-version=2025-01-01-preview"

    @property
    def api_key(self) -> str:  # type: ignore[override]
        return json.dumps(
            {"tenant": TENANT, "appId": CLIENT, "password": SECRET, "authority": self.origin}
        )

    def wrong_key(self) -> str:
        return self.api_key.replace(SECRET, "another-secret")

    def authorized(self, asked: Asked) -> None:
        issued = asked.headers.get("authorization", "").removeprefix("Bearer entra-")
        if not issued.isdigit() or int(issued) > self.tokens or "api-key" in asked.headers:
            raise Refused(401, "Unauthorized. Access token is missing, invalid.", "401")

    def placed(self, path: str, query: dict[str, str], body: dict[str, Any]) -> None:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d(-preview)?", query.pop("api-version", "")) or query:
            raise Refused(404, "Resource not found", "404")
        if path != f"/openai/deployments/{self.model}/chat/completions":
            raise Refused(404, "The API deployment for this resource does not exist.",
                          "DeploymentNotFound")  # fmt: skip

    def listed(self, path: str, query: dict[str, str]) -> Reply:
        if path != "/openai/models" or "api-version" not in query:
            raise Refused(404, "Resource not found", "404")
        return Json({"data": [{"id": "gpt-4o-2024-11-20", "object": "model"}]})

    def token(self, asked: Asked, path: str) -> Reply:
        given = {name: values[0] for name, values in parse_qs(asked.raw.decode()).items()}
        form = asked.headers.get("content-type") == "application/x-www-form-urlencoded"
        if asked.method != "POST" or not form or path != f"/{TENANT}/oauth2/v2.0/token":
            return Json({"error": "invalid_request"}, 400)
        if given != {
            "grant_type": "client_credentials",
            "client_id": CLIENT,
            "client_secret": SECRET,
            "scope": "https://cognitiveservices.azure.com/.default",
        }:
            return Json({"error": "invalid_client"}, 401)
        self.tokens += 1
        return Json(
            {"token_type": "Bearer", "expires_in": 3599, "access_token": f"entra-{self.tokens}"}
        )
