"""One request to a provider, with its headers and what proves the gateway's right to send it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from governance.kinds.auth import SignableRequest
from inference.upstream.backend import Backend, lines_of
from inference.upstream.blocking import fetch, run
from inference.upstream.client import Client
from inference.upstream.reply import Reply
from inference.upstream.streamed_body import StreamedBody
from inference.upstream.tokens import TokenCache, tokens_of

if TYPE_CHECKING:
    import httpx


_BINARY: Final = (
    b"audio/",
    b"image/",
    b"video/",
    b"application/octet-stream",
    b"application/vnd.amazon.eventstream",
)


async def send(
    client: Client,
    backend: Backend,
    method: bytes,
    path: str,
    body: bytes | StreamedBody,
    *,
    model: str = "",
    caller: Mapping[bytes, bytes],
    extra: tuple[tuple[bytes, bytes], ...] = (),
    stream: bool,
    text: bool = True,
    connect_timeout: float | None,
    on_start: Callable[[Reply], object] | None = None,
) -> Reply:
    """Sends it below the provider's base URL, and returns when the head of the answer is here.

    `path` is the protocol's; where the kind puts the request depends on the `model` too,
    which is empty for what is about none. No kind whose signature covers the body serves what is
    streamed: such a body counts as empty there.

    The body is read out of its content coding; where it is `text` and no refusal, what is not
    UTF-8 is an error. Raises what `Client.send` raises, `UndecodableBody`, and `TokenUnavailable`
    where the kind asks for an access token and there is none to be had.
    """
    target = backend.target(path, model).encode()
    if backend.kind.auth.fixed:
        head = backend.head(caller, extra, stream=stream)
    else:
        cache = tokens_of(asyncio.get_running_loop())
        headers = backend.merged(caller, extra)
        headers[b"accept"] = backend.accepted(stream=stream)
        signable = body if isinstance(body, bytes) else b""
        signed = await _signed(cache, backend, method, target, signable, headers)
        head = lines_of(signed.items())
    reply = await client.send(
        backend.destination,
        method,
        target,
        head,
        body,
        connect_timeout=connect_timeout,
        on_start=on_start,
    )
    reply.decode(text=text and 200 <= reply.status < 300 and not _is_binary(reply))
    return reply


def _is_binary(reply: Reply) -> bool:
    """Sound, pictures and the like, by the provider's own word."""
    return (reply.header(b"content-type") or b"").lower().startswith(_BINARY)


def ask(
    backend: Backend,
    method: str,
    path: str,
    body: bytes = b"",
    *,
    model: str = "",
    connect_timeout: float,
    patience: float,
    limit: int,
) -> httpx.Response:
    """The whole answer to an operator's question, from synchronous code, by httpx.

    Over a connection of its own: one kept alive would hide that a new one cannot be made. An access
    token is fetched anew for the same reason. `patience` is in seconds and covers everything,
    `limit` is in bytes of the answer. Raises what `send` raises, `TimeoutError` and
    `ResponseTooLarge`.
    """

    async def asking() -> httpx.Response:
        client = Client()
        try:
            async with asyncio.timeout(patience):
                target = backend.target(path, model)
                headers = {**backend.merged({}), b"accept": b"application/json"}
                tokens = TokenCache(client)
                signed = await _signed(
                    tokens, backend, method.encode(), target.encode(), body, headers
                )
                return await fetch(
                    backend.origin,
                    method,
                    target,
                    headers={k.decode("latin-1"): v.decode("latin-1") for k, v in signed.items()},
                    body=body,
                    connect_timeout=connect_timeout,
                    limit=limit,
                    client=client,
                )
        finally:
            await client.aclose()

    return run(asking())


async def _signed(
    tokens: TokenCache,
    backend: Backend,
    method: bytes,
    target: bytes,
    body: bytes,
    headers: Mapping[bytes, bytes],
) -> dict[bytes, bytes]:
    """The headers with what proves the right to send them; those that never change have it."""
    if backend.kind.auth.fixed:
        return dict(headers)
    credentials = backend.credentials
    token = await tokens.token(backend.kind, credentials)
    if token is not None:
        backend.remember(token.value)
    place = backend.destination
    request = SignableRequest(
        method.decode(),
        f"{place.scheme}://{place.host_header.decode()}{target.decode()}",
        tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers.items()),
        body,
    )
    signed = backend.kind.auth.sign(request, credentials, token, time.time())
    # A header that the hook sets stands in the place of one of the same name.
    return {name.lower().encode(): value.encode("latin-1") for name, value in signed.headers}
