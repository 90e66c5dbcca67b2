"""A provider that refuses whatever its documentation does not allow, as it would itself."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.service.pairs.talk import Answer, Talk
from tests.support.upstream import Asked, Json, Reply, Upstream


class Refused(Exception):
    """The request breaks a rule of the documentation."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code


class Strict(Upstream):
    """Answers what a test scripts to requests that keep every rule, and an error to others."""

    model = "the-model"
    """What targets name."""
    kind = "openai"
    path = ""
    """Of the base URL."""
    api_key = "the-key-of-the-provider"

    models: tuple[str, ...] = ("gpt-4o-2024-11-20",)
    """What is listed."""
    unknown_model = "no-such-model"

    def __init__(self) -> None:
        super().__init__(Json({}))
        self.answers: list[Answer] = []
        self.heard: list[Talk] = []
        self.refused: list[str] = []
        self.tokens = 0
        """How many access tokens were given."""

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        return self.origin + self.path

    def wrong_key(self) -> str:
        return "a-wrong-key-of-theirs"

    def script(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked.clear()
        self.heard.clear()
        self.refused.clear()

    def chosen(self, asked: Asked) -> Reply:
        url = urlsplit(asked.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        try:
            return self.reply(asked, url.path, query)
        except Refused as error:
            self.refused.append(f"{error.status} {error.message}")
            return Json(self.error(error), error.status)

    @abstractmethod
    def reply(self, asked: Asked, path: str, query: dict[str, str]) -> Reply:
        """Raises `Refused`."""

    def error(self, error: Refused) -> Any:
        return {"error": {"message": error.message, "type": "invalid_request_error",
                          "code": error.code or None, "param": None}}  # fmt: skip

    def next(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def known(body: dict[str, Any], names: frozenset[str], what: str = "") -> None:
    """No member that is not documented."""
    for name in body:
        if name not in names:
            raise Refused(400, f"Unrecognized request argument supplied: {what}{name}")


CHAT = frozenset(
    {
        *("messages", "model", "stream", "stream_options", "max_tokens", "max_completion_tokens"),
        *("temperature", "top_p", "n", "stop", "presence_penalty", "frequency_penalty"),
        *("logit_bias", "logprobs", "top_logprobs", "user", "seed", "tools", "tool_choice"),
        *("parallel_tool_calls", "response_format", "reasoning_effort", "modalities", "audio"),
        *("prediction", "metadata", "store", "safety_identifier", "verbosity"),
    }
)
"""Source: OpenAI's API reference, "Create chat completion"."""
