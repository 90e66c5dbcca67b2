"""A caller of an ASGI application in the same event loop."""

from __future__ import annotations

import asyncio
from typing import Any

from inference.edge.asgi import App
from tests.inference.tables import KEY

AUTHORIZED = (b"authorization", b"Bearer " + KEY.encode())


class AsgiCaller:
    """Sends one request in pieces and keeps what comes back.

    After the last piece `receive` waits until the caller leaves. With `complete` False the body
    never ends.
    """

    def __init__(self, *pieces: bytes, complete: bool = True) -> None:
        self.messages: list[dict[str, Any]] = [
            {
                "type": "http.request",
                "body": piece,
                "more_body": not complete or place < len(pieces) - 1,
            }
            for place, piece in enumerate(pieces)
        ]
        self.sent: list[Any] = []
        self.received = 0
        self._left = asyncio.Event()

    def leave(self) -> None:
        self._left.set()

    async def receive(self) -> dict[str, Any]:
        self.received += 1
        if self.messages:
            return self.messages.pop(0)
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    async def call(
        self, app: App, *headers: tuple[bytes, bytes], method: str = "POST", path: str = "/"
    ) -> None:
        scope = {"type": "http", "method": method, "path": path, "headers": list(headers)}
        await app(scope, self.receive, self.send)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.sent[0]["headers"])

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent[1:])
