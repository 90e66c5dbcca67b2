"""The engine's HTTP interface, as an ASGI application."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, unquote

import msgspec

from inference.local.engine import report
from inference.local.engine.errors import EngineError, invalid
from inference.local.engine.relay import Relay
from inference.local.engine.reply import EngineReply, Send
from inference.local.engine.supervisor import WorkerSupervisor
from inference.local.log_lines import of_request

MAX_BODY_BYTES = 64 * 1024 * 1024
"""Well above what the gateway lets through: this one only guards the engine's memory."""

GENERATION_PATHS = frozenset(
    {
        "/v1/chat/completions",
        "/v1/completions",
        "/v1/chat/completions/count",
        "/v1/embeddings",
        "/v1/rerank",
    }
)

Receive = Callable[[], Awaitable[dict[str, Any]]]


class EngineApp:
    """`/v1/*` as the workers serve it, and `/engine/*` for operators."""

    def __init__(self, supervisor: WorkerSupervisor) -> None:
        self._supervisor = supervisor

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        reply = EngineReply(send)
        try:
            body = await _read_body(receive)
        except EngineError as error:
            await reply.fail(error)
            return
        if body is None:
            return
        with of_request(scope["headers"]):
            answering = asyncio.ensure_future(self._answer(scope, body, reply))
        leaving = asyncio.ensure_future(_disconnect(receive))
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            # The caller left, or there is nothing more to do: then this changes nothing.
            answering.cancel()
            with suppress(asyncio.CancelledError):
                await answering

    async def _answer(self, scope: dict[str, Any], body: bytes, reply: EngineReply) -> None:
        if scope["method"] == "POST" and scope["path"] in GENERATION_PATHS:
            path = scope["path"].encode()
            await Relay(self._supervisor, reply, path, scope["headers"], body).run()
            return
        try:
            status, answer = await self._answer_operator(scope, body)
        except EngineError as error:
            await reply.fail(error)
        else:
            headers = [(b"content-type", b"application/json")]
            await reply.whole(status, headers, msgspec.json.encode(answer))

    async def _answer_operator(
        self, scope: dict[str, Any], body: bytes
    ) -> tuple[int, dict[str, Any]]:
        supervisor = self._supervisor
        # Split before decoding: a name may hold an encoded slash, and is then simply unknown.
        parts = [unquote(part) for part in scope["raw_path"].decode("latin-1").split("/")[1:]]
        match scope["method"], parts:
            case "GET", ["health"]:
                return 200, report.health(supervisor)
            case "GET", ["v1", "models"]:
                return 200, report.openai_models(supervisor)
            case "GET", ["engine", "models"]:
                return 200, await report.engine_models(supervisor)
            case "POST", ["engine", "models", name, "load"]:
                supervisor.load(name)
                return 202, {"name": name}
            case "POST", ["engine", "models", name, "unload"]:
                await supervisor.unload(name, force=_forced(scope))
                return 200, {"name": name}
            case "DELETE", ["engine", "models", name]:
                await supervisor.remove(name, force=_forced(scope))
                return 200, {"name": name}
            case "POST", ["engine", "models"]:
                asked = _read_addition(body)
                supervisor.additions.begin(asked.source, asked.name)
                return 202, {"source": asked.source}
        message = f"There is nothing at {scope['method']} {scope['path']}."
        raise EngineError(404, "not_found", message)


class _AddModel(msgspec.Struct):
    source: Any = None
    name: Any = None


def _read_addition(body: bytes) -> _AddModel:
    """Raises EngineError 400."""
    try:
        return msgspec.json.decode(body, type=_AddModel)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise invalid("The body is not a JSON object.") from error


def _forced(scope: dict[str, Any]) -> bool:
    return parse_qs(scope["query_string"].decode("latin-1")).get("force") == ["1"]


async def _read_body(receive: Receive) -> bytes | None:
    """None when the caller left before its request was complete. Raises EngineError 413."""
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > MAX_BODY_BYTES:
            limit = MAX_BODY_BYTES // 1024**2
            raise EngineError(413, "body_too_large", f"The body is larger than {limit} MiB.")
        if not message.get("more_body", False):
            return b"".join(pieces)


async def _disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
