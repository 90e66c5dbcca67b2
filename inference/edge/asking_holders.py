"""A question to the provider that holds what it is about."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from governance.routing.table import ProviderEntry
from inference.dispatch.reading import ANSWER_LIMIT, refusal
from inference.translate.json_errors import BROKEN_JSON
from inference.translate.shelves import document_of
from inference.upstream import Reply, client_of
from inference.upstream.backend import backend_of
from inference.upstream.provider_request import send
from inference.values.failures import AttemptFailed, broken


async def asked(
    loop: asyncio.AbstractEventLoop,
    provider: ProviderEntry,
    method: bytes,
    path: str,
    caller: Mapping[bytes, bytes],
) -> Reply:
    """The reply, of whatever media type. Raises `AttemptFailed`, and what `send` raises."""
    backend = backend_of(provider)
    reply = await send(
        client_of(loop),
        backend,
        method,
        path,
        b"",
        caller=caller,
        stream=False,
        text=False,
        connect_timeout=provider.connect_timeout,
    )
    if not 200 <= reply.status < 300:
        raise AttemptFailed(await refusal(reply, backend.kind.failure_words))
    return reply


async def document_from(reply: Reply) -> dict[str, Any]:
    """The JSON object of a reply. Raises `AttemptFailed`."""
    try:
        return document_of(await reply.read_all(ANSWER_LIMIT))
    except BROKEN_JSON:
        message = "The provider sent something that is not valid JSON."
        raise AttemptFailed(broken("malformed", message)) from None
