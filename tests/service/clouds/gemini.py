"""The Gemini API. Source: its reference, "Generating content" and "Models"."""

from __future__ import annotations

from typing import Any

from tests.service.clouds.gemini_script import GeminiScript
from tests.service.clouds.strict import Refused, Strict
from tests.support.upstream import Asked, Json, Reply, Sse


class Gemini(Strict):
    kind = "gemini"
    model = "gemini-3-flash"
    path = "/v1beta"
    models = ("gemini-3-flash", "gemini-2.5-pro")

    def __init__(self) -> None:
        super().__init__()
        self.script_of = GeminiScript()

    def reply(self, asked: Asked, path: str, query: dict[str, str]) -> Reply:
        self.authorized(asked)
        if asked.method == "GET":
            return self.listed(path, query)
        return self.generated(asked, path.removeprefix(f"{self.path}/models/"), query)

    def authorized(self, asked: Asked) -> None:
        given = asked.headers.get("x-goog-api-key")
        if given is None or "authorization" in asked.headers:
            raise Refused(403, "Method doesn't allow unregistered callers.", "PERMISSION_DENIED")
        if given != self.api_key:
            raise Refused(400, "API key not valid. Please pass a valid API key.")

    def listed(self, path: str, query: dict[str, str]) -> Reply:
        if path != f"{self.path}/models" or query.keys() - {"pageSize", "pageToken"}:
            raise Refused(404, "Not found", "NOT_FOUND")
        return Json({"models": [{"name": f"models/{name}"} for name in self.models]})

    def generated(self, asked: Asked, place: str, query: dict[str, str]) -> Reply:
        model, _, method = place.partition(":")
        if model != self.model:
            raise Refused(404, f"models/{model} is not found for API version v1beta", "NOT_FOUND")
        streamed = method == "streamGenerateContent"
        if not streamed and method != "generateContent":
            raise Refused(404, "Not found", "NOT_FOUND")
        if query != ({"alt": "sse"} if streamed else {}):
            raise Refused(400, 'Invalid JSON payload received. Unknown name "alt"')
        self.heard.append(self.script_of.heard(asked.body).plain())
        answer = self.next()
        if streamed:
            return Sse(self.script_of.events(answer))
        return Json(self.script_of.whole(answer))

    def error(self, error: Refused) -> Any:
        status = error.code or "INVALID_ARGUMENT"
        return {"error": {"code": error.status, "message": error.message, "status": status}}
