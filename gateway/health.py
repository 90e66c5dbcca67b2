"""`/livez` says the process runs, `/readyz` that it can route. Both ask nobody else.

`/readyz` also says when the collector is away. Requests are answered all the same and nothing is
lost for a while, so that is no reason to send callers elsewhere.
"""

from __future__ import annotations

import msgspec

from gateway.collector.places import places
from gateway.collector.status import COMMAND, is_away, read
from gateway.server import drain
from governance import snapshot
from inference.edge import asgi
from inference.edge.asgi import Receive, Scope, Send


async def respond(scope: Scope, receive: Receive, send: Send) -> None:
    ready, status = scope["path"] == "/livez", "ok"
    if not ready:
        ready = snapshot.ready() and not drain.draining()
        status = "stopping" if drain.draining() else "ok" if ready else "loading the routing table"
    said = {"status": status}
    if scope["path"] == "/readyz" and snapshot.stale():
        said["table"] = f"stale: {snapshot.stale()}"
    if scope["path"] == "/readyz" and is_away(read(places().published)):
        said["collector"] = f"away: records wait in the log. It is started with {COMMAND}"
    body = msgspec.json.encode(said)
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    unread = asgi.unread_body(scope, receive)
    await asgi.respond(send, 200 if ready else 503, headers, body, unread=unread)
