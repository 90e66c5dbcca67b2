"""One short request by httpx, also from synchronous code: operators' pages, commands, checks."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from inference.upstream.client import Client
from inference.upstream.errors import ResponseTooLarge, UpstreamError

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


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

    async def within() -> httpx.Response:
        async with asyncio.timeout(patience):
            return await fetch(
                base_url,
                method,
                path,
                headers=headers,
                body=body,
                connect_timeout=connect_timeout,
                limit=limit,
            )

    return run(within())


def run(exchanging: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns, on an event loop of its own."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(exchanging)
    # The caller's thread has a loop of its own, as a browser's driver has: it can not run two.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, exchanging).result()


async def fetch(
    base_url: str,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    connect_timeout: float | None,
    limit: int,
    client: Client | None = None,
) -> httpx.Response:
    """The same on a running loop, over `client` where one is given; without a limit of time.

    The content is as it came over the wire: a coding nobody asked for is not undone.
    """
    # Loaded when first needed: a web process that only relays never pays for it.
    import httpx

    from inference.upstream.transport import open_client

    timeout = httpx.Timeout(None, connect=connect_timeout)
    try:
        async with open_client(base_url, client=client, timeout=timeout) as http:
            request = http.build_request(method, path, headers=headers, content=body)
            response = await http.send(request, stream=True)
            content = await _read(response, limit)
    except httpx.TransportError as error:
        # What lies under httpx's error says more: the cause in a few words.
        if isinstance(error.__cause__, UpstreamError):
            raise error.__cause__ from None
        raise UpstreamError(str(error)) from error
    response.headers.pop("content-encoding", None)
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
