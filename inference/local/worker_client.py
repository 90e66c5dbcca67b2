"""HTTP to one worker, over its Unix socket, a connection for each request."""

import errno
import os
from collections.abc import Sequence
from typing import Final

from inference.upstream import (
    Client,
    ConnectFailed,
    Destination,
    Proxies,
    Reply,
    UpstreamClosed,
    header_block,
)

Headers = Sequence[tuple[bytes, bytes]]

_CONNECT_PATIENCE_S: Final = 5.0
# How a Unix socket ends whose peer is gone with something unread. A peer that had read everything
# ends with the end of the stream instead (unix_release_sock of Linux).
_UNREAD: Final = frozenset(os.strerror(code).lower() for code in (errno.ECONNRESET, errno.EPIPE))


class WorkerClient:
    """As many connections to one worker process as there are requests.

    None is kept: a connection to a socket of this machine costs next to nothing, and a request
    that met a kept one whose worker had just died could not be told from one that killed it.
    """

    def __init__(self, socket_path: str) -> None:
        self._client = Client(max_idle_per_destination=0, proxies=Proxies())
        self._destination = Destination("http", "worker", 80, socket_path)

    async def send(
        self, method: bytes, path: bytes, headers: Headers = (), body: bytes = b""
    ) -> Reply:
        """The answer, its body still to come; abort it to cancel the request in the worker.

        Raises ConnectFailed when the worker has not read the request, another `UpstreamError` when
        no answer came.
        """
        try:
            return await self._client.send(
                self._destination,
                method,
                path,
                header_block(headers),
                body,
                connect_timeout=_CONNECT_PATIENCE_S,
            )
        except UpstreamClosed as error:
            if error.cause in _UNREAD:
                raise ConnectFailed(str(error), cause=error.cause) from None
            raise

    def close(self) -> None:
        """The worker is gone or going: keep no connection, make no new one."""
        self._client.retire()
