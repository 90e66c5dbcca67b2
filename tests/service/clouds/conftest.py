from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.service.clouds.world import CALLERS, CLOUDS, Clouds, clouds


@pytest.fixture(scope="session")
def world() -> Iterator[Clouds]:
    """One gateway for all tests."""
    with clouds() as made:
        yield made


@pytest.fixture(params=CLOUDS)
def cloud(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=CALLERS)
def caller(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[False, True], ids=["whole", "stream"])
def stream(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)
