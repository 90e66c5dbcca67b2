"""The upstream client of this event loop, made when first needed.

Servers without lifespan (Daphne) never announce their loop, and tests run several, so a client
belongs to the loop that asks for it.
"""

from __future__ import annotations

import asyncio
from typing import Final
from weakref import WeakKeyDictionary

from inference.http import Client

_clients: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, Client]] = WeakKeyDictionary()


def client_of(loop: asyncio.AbstractEventLoop) -> Client:
    client = _clients.get(loop)
    if client is None:
        client = _clients[loop] = Client()
    return client


async def close() -> None:
    """Closes this loop's client, if it has one."""
    client = _clients.pop(asyncio.get_running_loop(), None)
    if client is not None:
        await client.aclose()
