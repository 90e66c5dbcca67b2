"""`/livez` says the process runs, `/readyz` that it can route. Both ask nobody else."""

from __future__ import annotations

from typing import Final

import msgspec

from governance import snapshot
from inference.edge.consumer import Send

PATHS: Final = frozenset({"/livez", "/readyz"})


async def respond(path: str, send: Send) -> None:
    ready = path == "/livez" or snapshot.ready()
    body = msgspec.json.encode({"status": "ok" if ready else "loading the routing table"})
    await send(
        {
            "type": "http.response.start",
            "status": 200 if ready else 503,
            "headers": [
                (b"content-type", b"application/json"),
                (b"cache-control", b"no-store"),
                (b"content-length", str(len(body)).encode()),
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})
