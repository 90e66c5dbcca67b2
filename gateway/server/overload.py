"""What one web process takes on at a time. Past it new requests get 503, running ones go on."""

from __future__ import annotations

from typing import Final

from django.conf import settings

from gateway.server.head_rules import refuse
from gateway.server.memory import give_back
from inference.edge.asgi import App, Receive, Scope, Send
from inference.edge.body_budget import BodyBudget
from inference.upstream import PerLoop
from inference.values.error_answer import ErrorAnswer

HEALTH_PATHS: Final = frozenset({"/livez", "/readyz"})
"""Answered at all times."""

budgets: Final = PerLoop(
    lambda loop: BodyBudget(
        loop,
        total=settings.MAX_BUFFERED_BYTES,
        per_key=settings.MAX_BUFFERED_BYTES_PER_KEY,
        give_back=give_back,
    )
)
"""Of the chat API, whose callers have shown a key before any of it is held."""

page_budgets: Final = PerLoop(
    lambda loop: BodyBudget(
        loop,
        total=settings.MAX_PAGE_BYTES,
        per_key=max(settings.MAX_PAGE_BYTES // 2, settings.MAX_BODY_BYTES),
        give_back=give_back,
    )
)
"""Of the desk and REST: strangers may announce bodies there, and take nothing from chat so."""

_TOO_MANY: Final = ErrorAnswer(
    503,
    "The gateway has as many connections as it may have at a time. Try again in a moment.",
    "overloaded",
    retry_after=1.0,
)


def surplus(app: App) -> App:
    """What answers on connections past the cap: `app` tells its health, and nothing else."""

    async def refusing(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in HEALTH_PATHS:
            await refuse(_TOO_MANY, scope, receive, send)
        else:
            await app(scope, receive, send)

    return refusing
