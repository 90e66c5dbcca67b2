"""Ends the queries of a page whose caller has left: nobody reads what they would find, and others
wait for the processor meanwhile."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from typing import Any, Final

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest, HttpResponse

from inference.edge.asgi import App, Message, Receive, Scope, Send

READS: Final = ("GET", "HEAD")
"""What others ask for is done to its end."""
CANCEL_SECONDS: Final = 2.0
"""For a server to be told."""


class NobodyWaits(asyncio.CancelledError):
    """Unwinds a view. It is no failure, so nothing answers it and nothing logs it."""


class RequestQueries:
    """The queries of one request."""

    def __init__(self) -> None:
        self.left = False
        self._lock = threading.Lock()
        self._running: BaseDatabaseWrapper | None = None
        self._connections: list[BaseDatabaseWrapper] = []

    def watch(self, connection: BaseDatabaseWrapper) -> None:
        """From now on its queries are of this request."""
        self._connections.append(connection)
        connection.execute_wrappers.append(self._run)

    def _run(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        with self._lock:
            self._running = context["connection"]
        try:
            if self.left:
                raise NobodyWaits
            return execute(sql, params, many, context)
        except Error:
            self.stop_if_left()
            raise
        finally:
            with self._lock:
                self._running = None

    def stop_if_left(self) -> None:
        if self.left:
            raise NobodyWaits

    async def leave(self) -> None:
        """Ends the query that runs, and lets none begin."""
        self.left = True
        for one in self._connections:
            if one.vendor == "sqlite":
                # Also while rows are fetched. A connection that is closed has nothing to end.
                with suppress(Exception):
                    one.connection.interrupt()
            elif self._running is one:
                await asyncio.to_thread(self._cancel, one)

    def _cancel(self, connection: BaseDatabaseWrapper) -> None:
        """The lock keeps the connection from being handed to somebody else meanwhile."""
        with self._lock, suppress(Exception):
            if self._running is connection:
                connection.connection.cancel_safe(timeout=CANCEL_SECONDS)


_QUERIES: ContextVar[RequestQueries | None] = ContextVar("queries", default=None)


def watch_connection(sender: object, connection: BaseDatabaseWrapper, **rest: Any) -> None:
    """When one is made: each request has a thread, and connections, of its own."""
    queries = _QUERIES.get()
    if queries is not None:
        queries.watch(connection)


def interrupting(app: App) -> App:
    """`app`, whose queries end when their caller leaves."""

    async def interruptible(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in READS:
            await app(scope, receive, send)
            return
        queries = RequestQueries()

        async def noticing() -> Message:
            message = await receive()
            if message["type"] == "http.disconnect":
                await queries.leave()
            return message

        token = _QUERIES.set(queries)
        try:
            await app(scope, noticing, send)
        finally:
            _QUERIES.reset(token)

    return interruptible


class AbandonedPages:
    """A middleware: what fails because its caller left is no failure of ours, as the fetching of
    rows that were not found yet."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> None:
        queries = _QUERIES.get()
        if queries is not None and isinstance(error, Error):
            queries.stop_if_left()
        return
