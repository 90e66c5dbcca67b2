"""Clouds and servers that speak OpenAI's protocol, each with what its documentation refuses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from tests.service.clouds.strict import CHAT, Refused, Strict, known
from tests.service.pairs.openai_script import OpenAIScript
from tests.support.upstream import Asked, Json, Reply, Sse

_EXTRA = frozenset({"top_k", "min_p", "repetition_penalty"})
"""What open-source servers take beside OpenAI's members."""


@dataclass(frozen=True)
class Rules:
    """What is true of one place."""

    path: str = "/v1"
    unknown: frozenset[str] = frozenset()
    """Members of OpenAI's that it refuses."""
    more: frozenset[str] = frozenset()
    developer: bool = True
    """Whether it knows the role."""
    hottest: float = 2.0
    call_ids: str = r".{1,64}"
    system_first: bool = False
    models_path: str = "/models"
    models: Any = None
    """The list as it tells it; None: as OpenAI does."""


def _names(*names: str) -> frozenset[str]:
    return frozenset(names)


_SERVERS = ("vllm", "sglang", "ollama", "lm_studio", "llama_server", "tgi")

RULES: dict[str, Rules] = {
    "openrouter": Rules("/api/v1", more=_EXTRA),
    "mistral": Rules(
        unknown=_names(
            "stream_options", "max_completion_tokens", "seed", "user", "store", "logit_bias"
        ),
        developer=False,
        call_ids=r"[a-zA-Z0-9]{9}",
    ),
    "groq": Rules("/openai/v1", unknown=_names("logit_bias", "store", "metadata")),
    "xai": Rules(unknown=_names("presence_penalty", "frequency_penalty")),
    "deepseek": Rules(developer=False),
    "together": Rules(more=_EXTRA, models=[{"id": "m-1"}]),
    "fireworks": Rules("/inference/v1", more=_EXTRA),
    "cerebras": Rules(
        unknown=_names("frequency_penalty", "presence_penalty", "logit_bias", "service_tier"),
        developer=False,
    ),
    "perplexity": Rules(
        "", unknown=_names("parallel_tool_calls"), developer=False, system_first=True
    ),
    "cohere": Rules(
        "/compatibility/v1",
        unknown=_names("store", "metadata", "logit_bias", "parallel_tool_calls"),
        models_path="/v1/models",
        models={"models": [{"name": "m-1"}]},
    ),
    "moonshot": Rules(developer=False, hottest=1.0),
    "zai": Rules("/api/paas/v4", developer=False, hottest=1.0),
    **dict.fromkeys(_SERVERS, Rules(more=_EXTRA)),
}


class Compatible(Strict):
    """One of them."""

    model = "grok-4.1"
    script_of = OpenAIScript()

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.rules = RULES[kind]
        self.path = self.rules.path
        self.models = ("m-1",)

    def reply(self, asked: Asked, path: str, query: dict[str, str]) -> Reply:
        if asked.headers.get("authorization") != f"Bearer {self.api_key}":
            raise Refused(401, "Incorrect API key provided.")
        if asked.method == "GET":
            return self.listed(path)
        if path != f"{self.path}/chat/completions" or query:
            raise Refused(404, "Not found")
        body = asked.body
        rules = self.rules
        known(body, (CHAT | rules.more) - rules.unknown)
        if body["model"] != self.model:
            raise Refused(404, f"The model `{body['model']}` does not exist.")
        if (body.get("temperature") or 0) > rules.hottest:
            raise Refused(400, f"temperature must be at most {rules.hottest}")
        self.read(body["messages"])
        answer = self.next()
        if body.get("stream"):
            return Sse(self.script_of.events(answer))
        return Json(self.script_of.whole(answer))

    def listed(self, path: str) -> Reply:
        above = "" if self.rules.models_path != "/models" else self.path
        if path != above + self.rules.models_path:
            raise Refused(404, "Not found")
        return Json(self.rules.models or {"data": [{"id": "m-1"}]})

    def read(self, messages: list[dict[str, Any]]) -> None:
        roles = [message["role"] for message in messages]
        if "developer" in roles and not self.rules.developer:
            raise Refused(400, "unknown variant `developer`, expected one of `system`, `user`")
        if self.rules.system_first and any(role in ("system", "developer") for role in roles[1:]):
            raise Refused(400, "System message must be at the beginning.")
        for message in messages:
            ids = [call["id"] for call in message.get("tool_calls") or ()]
            for one in (*ids, *filter(None, [message.get("tool_call_id")])):
                if not re.fullmatch(self.rules.call_ids, one):
                    raise Refused(400, f"Tool call id was {one} but must match.")
