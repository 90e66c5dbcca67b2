"""Bodies over the limit are refused before Django, which would spool them to disk first.

What they take counts by the caller's address, against a budget of their own.
"""

from __future__ import annotations

import asyncio
from typing import Final

from gateway.server.overload import page_budgets
from gateway.server.page_error import page_error
from inference.edge import asgi
from inference.edge.asgi import App, Message, Receive, Scope, Send
from inference.edge.body_budget import HeldBody, NoRoom
from inference.edge.body_clock import IDLE_SECONDS, LEAST_RATE, latest
from inference.edge.body_errors import BodyTooLarge


def limited(app: App, limit: int, idle: float = IDLE_SECONDS) -> App:
    """`app`, which never sees more than `limit` bytes of a request's body.

    `idle`: seconds without a byte after which the rest of a body is not waited for.
    """

    async def limiting(scope: Scope, receive: Receive, send: Send) -> None:
        body = asgi.announced_body(scope["headers"])
        if body.length > limit:
            await _too_large(receive, send, limit)
            return
        loop = asyncio.get_running_loop()
        budget = page_budgets(loop)
        held, began = HeldBody(budget), loop.time()
        seen, more = 0, body.follows

        async def counted() -> Message:
            nonlocal seen, more, began
            # Behind the body whoever asks waits for the caller to leave.
            due = latest(loop.time(), began, idle, seen) if more else None
            async with asyncio.timeout_at(due):
                message = await receive()
            more = bool(message.get("more_body"))
            seen += len(message.get("body", b""))
            if seen > limit:
                raise BodyTooLarge
            if seen > max(held.size, budget.uncounted):
                paused = loop.time()
                await held.resize(seen)
                began += loop.time() - paused
            return message

        try:
            client = scope.get("client")
            # A form is smaller: people sign in however much others announce.
            large = body.length > budget.uncounted
            await held.hold(client[0] if client else "", body.length if large else 0)
            began = loop.time()
            await app(scope, counted, send)
        except BodyTooLarge:
            await _too_large(receive, send, limit)
        except TimeoutError:
            await page_error(receive, send, 408, _SLOW.format(idle))
        except NoRoom:
            await page_error(receive, send, 503, "The service holds as much as it may. Try again.")
        finally:
            held.release()

    return limiting


_SLOW: Final = (
    "The body did not come: nothing of it for {:.0f} seconds, or less than "
    f"{LEAST_RATE} bytes a second."
)


async def _too_large(receive: Receive, send: Send, limit: int) -> None:
    words = f"The body is larger than {limit // (1024 * 1024)} MiB, the limit."
    await page_error(receive, send, 413, words)
