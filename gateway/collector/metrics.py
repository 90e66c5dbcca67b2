"""`GET /metrics`, answered before Django: for keys that may read governance, or for everyone.

It is what the collector last published, of all processes of the node.
"""

from __future__ import annotations

import time
from typing import Final

from django.conf import settings

from gateway.collector.places import places
from gateway.collector.status import COMMAND
from governance import snapshot
from governance.authentication import authenticate, restricted
from governance.routing.table import RoutingTable, VirtualKey
from inference.edge import asgi
from inference.edge.asgi import Header, Receive, Scope, Send
from inference.edge.authentication import address_of

PATH: Final = "/metrics"
SCOPE: Final = "governance:read"
CONTENT_TYPE: Final = b"text/plain; version=0.0.4; charset=utf-8"


def may_read(
    headers: dict[bytes, bytes], table: RoutingTable, now: float, address: str = ""
) -> bool:
    """Whether the presented key may read metrics from there. `now` is Unix time in seconds."""
    found = authenticate(headers, table, now=now, scope=SCOPE)
    return isinstance(found, VirtualKey) and restricted(found, address, PATH) is None


async def respond(
    scope: Scope, receive: Receive, send: Send, *, public: bool | None = None
) -> None:
    unread = asgi.unread_body(scope, receive)
    public = settings.METRICS_PUBLIC if public is None else public
    if scope["method"] not in ("GET", "HEAD"):
        await _answer(send, unread, 405, b"This path answers GET only.\n", (b"allow", b"GET, HEAD"))
    elif public or may_read(
        dict(scope["headers"]), snapshot.current(), time.time(), address_of(scope)
    ):
        try:
            body = (places().published / "metrics.prom").read_bytes()
        except OSError:
            words = f"The collector has not told any metrics yet. It is started with {COMMAND}.\n"
            await _answer(send, unread, 503, words.encode(), (b"retry-after", b"2"))
            return
        await _answer(send, unread, 200, body, (b"content-type", CONTENT_TYPE))
    else:
        words = f"Send an API key with the scope {SCOPE} as `Authorization: Bearer <key>`.\n"
        await _answer(send, unread, 401, words.encode(), (b"www-authenticate", b"Bearer"))


async def _answer(
    send: Send, unread: Receive | None, status: int, body: bytes, header: Header
) -> None:
    headers = [header, (b"cache-control", b"no-store")]
    if status != 200:
        headers.append((b"content-type", b"text/plain; charset=utf-8"))
    await asgi.respond(send, status, headers, body, unread=unread)
