"""One question to a provider, for an operator who wants to know whether it answers."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from governance.routing.table import Provider
from inference.dispatch.failures import of_status
from inference.translate.openai_limits import limit_field
from inference.upstream import (
    Client,
    ConnectFailed,
    ConnectTimedOut,
    ResponseTooLarge,
    UpstreamError,
)
from inference.upstream.backend import Backend, UnusableProvider, backend_of
from inference.upstream.provider_request import send
from inference.upstream.tokens import TokenCache, TokenUnavailable

ANSWER_LIMIT: Final = 8 * 1024 * 1024
"""Bytes; the longest lists of models are below one MiB."""
PATIENCE: Final = 60.0
"""Seconds an operator waits at most, whatever the provider's own limits allow."""
NAMES_LIMIT: Final = 2000
NAME_LENGTH: Final = 200


class Unanswered(Exception):
    """It did not answer as it should; the message is ours, never the upstream's."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A completion came."""

    milliseconds: int
    """From before the connection was made until the answer was whole."""
    model: str
    """The model that answered by its own account; the one asked for where it gives none."""


def complete(provider: Provider, model: str) -> Answered:
    """Asks for one token in the provider's protocol. Blocks; raises `Unanswered`."""
    backend = _ready(provider)
    probe = backend.kind.probe
    limit = probe.limit_field or limit_field(model)
    asked = {"model": model, "messages": [{"role": "user", "content": "Hi"}], limit: 1}
    started = time.perf_counter()
    answer = _ask(backend, b"POST", probe.completion_path, json.dumps(asked).encode())
    taken = round((time.perf_counter() - started) * 1000)
    if not isinstance(answer.get(probe.answer_field), list):
        raise Unanswered("It answered, but with no completion. Is the base URL the API's?")
    return Answered(taken, _name(backend, answer.get("model")) or model)


def listed(provider: Provider) -> tuple[str, ...]:
    """The models the provider lists, in its order, each once. Blocks; raises `Unanswered`."""
    backend = _ready(provider)
    answer = _ask(backend, b"GET", backend.kind.probe.models_path, b"")
    rows = answer.get("data")
    if not isinstance(rows, list):
        raise Unanswered("It answered, but with no list of models. Is the base URL the API's?")
    names = (_name(backend, row.get("id")) for row in rows if isinstance(row, dict))
    return tuple(dict.fromkeys(filter(None, names)))[:NAMES_LIMIT]


def _ready(provider: Provider) -> Backend:
    try:
        return backend_of(provider)
    except UnusableProvider as error:
        raise Unanswered(str(error)) from None


def _ask(backend: Backend, method: bytes, path: str, body: bytes) -> Mapping[str, Any]:
    provider = backend.provider
    patience = min(PATIENCE, provider.first_event_timeout, provider.total_timeout or PATIENCE)
    try:
        status, said = asyncio.run(_exchange(backend, method, path, body, patience))
    except ConnectTimedOut:
        raise Unanswered(f"No connection within {provider.connect_timeout:g} seconds.") from None
    except ConnectFailed as error:
        cause = error.cause or "nothing answers there, or the name is unknown"
        raise Unanswered(f"No connection: {cause}.") from None
    except TimeoutError:
        raise Unanswered(f"No whole answer within {patience:g} seconds.") from None
    except ResponseTooLarge:
        raise Unanswered("The answer is larger than any answer to this can be.") from None
    except TokenUnavailable as error:
        raise Unanswered(str(error)) from None
    except UpstreamError:
        raise Unanswered("The connection broke before the answer was whole.") from None
    if status != 200:
        raise Unanswered(of_status(status, said, words=backend.kind.failure_words).message)
    try:
        answer = json.loads(said)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise Unanswered("It answered, but not with JSON. Is the base URL the API's?")
    return answer


async def _exchange(
    backend: Backend, method: bytes, path: str, body: bytes, patience: float
) -> tuple[int, bytes]:
    """A connection of its own: one kept alive would hide that a new one cannot be made."""
    client = Client()
    try:
        async with asyncio.timeout(patience):
            reply = await send(
                client,
                backend,
                method,
                path,
                body,
                caller={},
                stream=False,
                connect_timeout=min(PATIENCE, backend.provider.connect_timeout),
                tokens=TokenCache(client),
            )
            return reply.status, await reply.read_all(ANSWER_LIMIT)
    finally:
        await client.aclose()


def _name(backend: Backend, value: object) -> str:
    """A model's name as it can stand on a page, credentials struck out; empty for what is none."""
    if not isinstance(value, str) or len(value) > NAME_LENGTH or not value.isprintable():
        return ""
    return backend.redacted(value.encode()).decode()
