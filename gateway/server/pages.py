"""What goes to Django: the console and the REST API, loaded with the first request for them.

They are more than half of what a process would take to start, and a third of its memory. Most of
them are never asked for a page, and chat has no need of any.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from typing import cast

import structlog
from django.core.handlers.asgi import ASGIHandler

from gateway.console_apps import load_urls
from gateway.server.abandoned import interrupting
from gateway.server.page_error import page_error
from inference.edge.asgi import App, Receive, Scope, Send

log = structlog.get_logger("pointsman.pages")


def django() -> App:
    """The console and the REST API; seconds of imports the first time."""
    handler = ASGIHandler()
    load_urls()
    # As at the start: what was made stays, and the collector need not look at it again and again.
    gc.freeze()
    return interrupting(cast(App, handler))


class Pages:
    """An application that `load` makes on a thread, while streams go on.

    Whoever comes meanwhile waits for the same load. If it fails, all of them are told, and the next
    request tries again.
    """

    def __init__(self, load: Callable[[], App] = django) -> None:
        self._load = load
        self._app: App | None = None
        self._loading: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None:
            if self._loading is None or self._loading.done():
                self._loading = asyncio.create_task(self._try_to_load())
            # It goes on for the others when one of them leaves.
            await asyncio.shield(self._loading)
        if self._app is None:
            await page_error(receive, send, 500, "The service failed to answer; its log says why.")
        else:
            await self._app(scope, receive, send)

    async def _try_to_load(self) -> None:
        try:
            self._app = await asyncio.to_thread(self._load)
        except Exception as error:
            log.error("pages_not_loaded", exc_info=error)
