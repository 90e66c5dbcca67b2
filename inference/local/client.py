"""Asking the engine and giving it orders, from synchronous code: admin views, commands, checks.

Every call is one short request over the engine's Unix socket. Chat does not come this way.
"""

import json
from dataclasses import dataclass
from typing import Any, Literal, cast
from urllib.parse import quote

from inference.upstream import UpstreamError, exchange

ModelStateName = Literal["not_loaded", "loading", "ready", "failed"]


class EngineUnavailable(Exception):
    """The engine does not run, does not answer in time, or answers nonsense."""


class EngineRefused(Exception):
    """The engine said no; the message is its sentence, `status` 404 (no such model) or 409 (in
    use) as a rule."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class EngineModel:
    """One model. Sizes in bytes, times in seconds since the epoch, `progress` from 0 to 1."""

    name: str
    state: ModelStateName
    progress: float
    step: str
    reason: str
    pid: int | None
    memory_bytes: int
    active: int
    queued: int
    loaded_at: float | None
    last_used_at: float | None
    restarts: int
    context_length: int | None
    parameters: int | None
    size_bytes: int
    runtime: str = ""
    """Which runtime serves it; empty while its files are gone."""
    quantization: str = ""
    """How most of its weights are written."""
    architecture: str = ""
    serves: str = ""
    """`chat`, `completions`, `embeddings` or `rerank`."""
    capabilities: tuple[str, ...] = ()
    """Of those that the chat template knows: `text`, `tools`, `reasoning`."""


@dataclass(frozen=True, slots=True)
class ModelAddition:
    """A model on its way into the folder, or how that ended lately. `progress` from 0 to 1."""

    source: str
    name: str
    step: str
    progress: float | None
    error: str
    ended: bool


@dataclass(frozen=True, slots=True)
class EngineReport:
    models: tuple[EngineModel, ...]
    memory_budget_bytes: int
    memory_used_bytes: int
    additions: tuple[ModelAddition, ...] = ()

    def model(self, name: str) -> EngineModel | None:
        return next((model for model in self.models if model.name == name), None)


class EngineClient:
    """`timeout_s` holds for each call but `unload`, which waits for the process to end."""

    def __init__(self, socket_path: str, timeout_s: float = 2.0) -> None:
        self._path = socket_path
        self._timeout_s = timeout_s

    def ready(self) -> bool:
        """Does the engine answer? Never raises."""
        try:
            return bool(self._call("GET", "/health").get("status") == "ok")
        except (EngineUnavailable, EngineRefused):
            return False

    def models(self) -> EngineReport:
        """Raises EngineUnavailable."""
        answer = self._call("GET", "/engine/models")
        try:
            return EngineReport(
                models=tuple(_model(item) for item in answer["models"]),
                memory_budget_bytes=answer["memory_budget_bytes"],
                memory_used_bytes=answer["memory_used_bytes"],
                additions=tuple(ModelAddition(**item) for item in answer.get("additions", ())),
            )
        except (KeyError, TypeError) as error:
            raise EngineUnavailable(f"The local engine's answer lacks {error}.") from error

    def load(self, name: str) -> None:
        """Begin to load; `models()` tells how it goes. Raises EngineUnavailable, EngineRefused."""
        self._call("POST", f"/engine/models/{quote(name, safe='')}/load")

    def unload(self, name: str, force: bool = False) -> None:
        """End the model's process. Raises EngineUnavailable, and EngineRefused while it is in use
        unless `force` cuts its requests off."""
        path = f"/engine/models/{quote(name, safe='')}/unload{'?force=1' if force else ''}"
        self._call("POST", path, timeout_s=self._timeout_s + 8)

    def add(self, source: str, name: str = "") -> None:
        """Begin to fetch a model; `models()` tells how it goes. Raises EngineUnavailable,
        EngineRefused."""
        body = json.dumps({"source": source, "name": name}).encode()
        self._call("POST", "/engine/models", body=body)

    def remove(self, name: str, force: bool = False) -> None:
        """Unload the model and delete its files. Raises as `unload` does."""
        path = f"/engine/models/{quote(name, safe='')}{'?force=1' if force else ''}"
        self._call("DELETE", path, timeout_s=self._timeout_s + 8)

    def _call(
        self, method: str, path: str, timeout_s: float | None = None, body: bytes = b""
    ) -> dict[str, Any]:
        patience = timeout_s or self._timeout_s
        try:
            response = exchange(
                f"http+unix://{quote(self._path, safe='')}",
                method,
                path,
                connect_timeout=patience,
                patience=patience,
                limit=_ANSWER_LIMIT,
                body=body,
            )
            answer = json.loads(response.content)
        except TimeoutError as error:
            message = f"The local engine does not answer within {patience:g} seconds."
            raise EngineUnavailable(message) from error
        except (UpstreamError, ValueError) as error:
            raise EngineUnavailable(f"The local engine does not answer: {error}") from error
        if not isinstance(answer, dict):
            raise EngineUnavailable("The local engine's answer is not a JSON object.")
        if response.status_code >= 400:
            error_body = answer.get("error", {})
            code, message = error_body.get("code", ""), error_body.get("message", "")
            raise EngineRefused(response.status_code, str(code), str(message))
        return cast(dict[str, Any], answer)


_ANSWER_LIMIT = 4 * 1024 * 1024
"""Bytes; a report has a few hundred a model."""
_FIELDS = tuple(EngineModel.__dataclass_fields__)


def _model(item: dict[str, Any]) -> EngineModel:
    """Fields of a newer engine are left out, a missing one is a KeyError."""
    return EngineModel(**{name: item[name] for name in _FIELDS})
