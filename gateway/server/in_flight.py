"""How many requests of the chat API are being answered by this process, on how many connections."""

from __future__ import annotations

from collections.abc import Callable

from inference.edge.asgi import App, Receive, Scope, Send

in_flight = 0
connections: Callable[[], int] = int
"""How many connections are open; a server that knows puts its own in place."""


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
