from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.inference.local.engine.world import World, running


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with running(tmp_path) as world:
        yield world
