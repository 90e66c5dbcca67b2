"""One short request from synchronous code: operators' pages, commands, checks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from inference.upstream.errors import ResponseTooLarge, UpstreamError

if TYPE_CHECKING:
    import httpx


def exchange(
    base_url: str,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    connect_timeout: float,
    patience: float,
    limit: int,
) -> httpx.Response:
    """The whole answer to one request, over a connection of its own.

    One kept alive would hide that a new one cannot be made. `base_url` is as `Destination.parse`
    takes it, `patience` the seconds everything may take, `limit` the bytes of the answer.
    Raises ValueError for the URL, TimeoutError, and `UpstreamError`.
    """
    return asyncio.run(
        _exchange(base_url, method, path, headers, body, connect_timeout, patience, limit)
    )


async def _exchange(
    base_url: str,
    method: str,
    path: str,
    headers: Mapping[str, str] | None,
    body: bytes,
    connect_timeout: float,
    patience: float,
    limit: int,
) -> httpx.Response:
    # Loaded when first needed: a web process that only relays never pays for it.
    import httpx

    from inference.upstream.transport import open_client

    timeout = httpx.Timeout(None, connect=connect_timeout)
    try:
        async with asyncio.timeout(patience), open_client(base_url, timeout=timeout) as client:
            request = client.build_request(method, path, headers=headers, content=body)
            response = await client.send(request, stream=True)
            content = await _read(response, limit)
    except httpx.TransportError as error:
        # What lies under httpx's error says more: the cause in a few words.
        if isinstance(error.__cause__, UpstreamError):
            raise error.__cause__ from None
        raise UpstreamError(str(error)) from error
    return httpx.Response(response.status_code, headers=response.headers, content=content)


async def _read(response: httpx.Response, limit: int) -> bytes:
    parts, size = [], 0
    async for part in response.aiter_raw():
        parts.append(part)
        size += len(part)
        if size > limit:
            await response.aclose()
            raise ResponseTooLarge(f"The response is larger than {limit} bytes.")
    return b"".join(parts)
