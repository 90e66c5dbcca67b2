"""One request to a provider, with its headers and what proves the gateway's right to send it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

from governance.kinds.auth import SignableRequest
from inference.upstream.backend import Backend, lines_of
from inference.upstream.client import Client
from inference.upstream.reply import Reply
from inference.upstream.tokens import TokenCache, tokens_of


async def send(
    client: Client,
    backend: Backend,
    method: bytes,
    path: str,
    body: bytes,
    *,
    caller: Mapping[bytes, bytes],
    extra: tuple[tuple[bytes, bytes], ...] = (),
    stream: bool,
    connect_timeout: float | None,
    on_start: Callable[[Reply], object] | None = None,
    tokens: TokenCache | None = None,
) -> Reply:
    """Sends it below the provider's base URL, and returns when the head of the answer is here.

    `tokens` are those of the running loop unless given. Raises what `Client.send` raises, and
    `TokenUnavailable` where the kind asks for an access token and there is none to be had.
    """
    target = (backend.base_path + path).encode()
    if backend.kind.auth.fixed:
        head = backend.head(caller, extra, stream=stream)
    else:
        cache = tokens or tokens_of(asyncio.get_running_loop())
        head = await _signed(cache, backend, method, target, body, caller, extra, stream)
    return await client.send(
        backend.destination,
        method,
        target,
        head,
        body,
        connect_timeout=connect_timeout,
        on_start=on_start,
    )


async def _signed(
    tokens: TokenCache,
    backend: Backend,
    method: bytes,
    target: bytes,
    body: bytes,
    caller: Mapping[bytes, bytes],
    extra: tuple[tuple[bytes, bytes], ...],
    stream: bool,
) -> bytes:
    credentials = backend.credentials
    token = await tokens.token(backend.kind, credentials)
    if token is not None:
        backend.remember(token.value)
    headers = backend.merged(caller, extra)
    headers[b"accept"] = b"text/event-stream" if stream else b"application/json"
    place = backend.destination
    request = SignableRequest(
        method.decode(),
        f"{place.scheme}://{place.host_header.decode()}{target.decode()}",
        tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers.items()),
        body,
    )
    signed = backend.kind.auth.sign(request, credentials, token, time.time())
    # A header that the hook sets stands in the place of one of the same name.
    final = {name.lower().encode(): value.encode("latin-1") for name, value in signed.headers}
    return lines_of(final.items())
