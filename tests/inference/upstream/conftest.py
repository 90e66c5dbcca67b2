import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import uvloop

from inference.upstream import Client, Proxies


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Every test of the client runs on both event loops: their transports differ in detail."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    client = Client(proxies=Proxies())
    yield client
    await client.aclose()
