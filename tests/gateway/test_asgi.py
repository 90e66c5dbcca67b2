"""What the application does with what it does not serve."""

from __future__ import annotations

from typing import Any

from gateway.asgi import application


async def test_websockets_are_refused_at_the_handshake() -> None:
    """Without a trace in the log, which strangers could fill."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await application({"type": "websocket", "path": "/v1/realtime", "headers": []}, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]
