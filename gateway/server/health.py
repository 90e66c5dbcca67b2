"""`/livez` says the process runs, `/readyz` that it can route. Both ask nobody else."""

from __future__ import annotations

from typing import Final

import msgspec

from governance import snapshot
from inference.edge import asgi
from inference.edge.asgi import Receive, Scope, Send

PATHS: Final = frozenset({"/livez", "/readyz"})


async def respond(scope: Scope, receive: Receive, send: Send) -> None:
    ready = scope["path"] == "/livez" or snapshot.ready()
    body = msgspec.json.encode({"status": "ok" if ready else "loading the routing table"})
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    unread = asgi.unread_body(scope, receive)
    await asgi.respond(send, 200 if ready else 503, headers, body, unread=unread)
