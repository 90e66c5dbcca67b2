"""HTTP to one worker, over its Unix socket, with connections kept alive."""

from collections.abc import Sequence
from typing import Final

from inference.upstream import Client, Destination, Proxies, Reply, header_block

Headers = Sequence[tuple[bytes, bytes]]

_CONNECT_PATIENCE_S: Final = 5.0
_MAX_IDLE: Final = 32


class WorkerClient:
    """As many connections to one worker process as there are requests, idle ones kept."""

    def __init__(self, socket_path: str) -> None:
        self._client = Client(max_idle_per_destination=_MAX_IDLE, proxies=Proxies())
        self._destination = Destination("http", "worker", 80, socket_path)

    async def send(
        self, method: bytes, path: bytes, headers: Headers = (), body: bytes = b""
    ) -> Reply:
        """The answer, its body still to come; abort it to cancel the request in the worker.

        Raises ConnectFailed when nothing was sent, another `UpstreamError` when no answer came.
        """
        return await self._client.send(
            self._destination,
            method,
            path,
            header_block(headers),
            body,
            connect_timeout=_CONNECT_PATIENCE_S,
        )

    def close(self) -> None:
        """The worker is gone or going: keep no connection, make no new one."""
        self._client.retire()
