"""The upstream client of an event loop, which can not be shared with another."""

from __future__ import annotations

import asyncio
from typing import Final

from inference.upstream.client import Client
from inference.upstream.per_loop import PerLoop

client_of: Final = PerLoop(lambda loop: Client())


async def close_client() -> None:
    """Closes this loop's client, if it has one."""
    client = client_of.forget(asyncio.get_running_loop())
    if client is not None:
        await client.aclose()
