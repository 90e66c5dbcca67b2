"""`GET /metrics`, answered before Django: for keys that may read governance, or for everyone."""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import Final

from django.conf import settings

from gateway.collector.exposition import CONTENT_TYPE, exposition
from governance import snapshot
from governance.routing.table import RoutingTable
from inference.edge.authentication import presented_key
from inference.edge.consumer import Scope, Send

PATH: Final = "/metrics"
SCOPE: Final = "governance:read"


def may_read(headers: dict[bytes, bytes], table: RoutingTable, now: float) -> bool:
    """Whether the presented key may read metrics. `now` is Unix time in seconds."""
    key = presented_key(headers.get(b"authorization"), headers.get(b"x-api-key"))
    grant = table.grants.get(hashlib.sha256(key).digest()) if key is not None else None
    return (
        grant is not None
        and grant.enabled
        and (grant.expires_at is None or grant.expires_at > now)
        and SCOPE in grant.scopes
    )


async def respond(scope: Scope, send: Send, *, public: bool | None = None) -> None:
    public = settings.METRICS_PUBLIC if public is None else public
    if scope["method"] not in ("GET", "HEAD"):
        await _answer(send, 405, b"This path answers GET only.\n", (b"allow", b"GET, HEAD"))
    elif public or may_read(dict(scope["headers"]), snapshot.current(), time.time()):
        # Adding up the files of several processes takes milliseconds; streams go on meanwhile.
        body = await asyncio.to_thread(exposition)
        await _answer(send, 200, body, (b"content-type", CONTENT_TYPE))
    else:
        words = f"Send an API key with the scope {SCOPE} as `Authorization: Bearer <key>`.\n"
        await _answer(send, 401, words.encode(), (b"www-authenticate", b"Bearer"))


async def _answer(send: Send, status: int, body: bytes, header: tuple[bytes, bytes]) -> None:
    headers = [
        header,
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    if status != 200:
        headers.append((b"content-type", b"text/plain; charset=utf-8"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
