"""How many requests of the chat API are being answered by this process."""

from __future__ import annotations

from inference.edge.asgi import App, Receive, Scope, Send

in_flight = 0


def counted(app: App) -> App:
    """`app`, with its requests counted while they last."""

    async def counting(scope: Scope, receive: Receive, send: Send) -> None:
        global in_flight
        in_flight += 1
        try:
            await app(scope, receive, send)
        finally:
            in_flight -= 1

    return counting
