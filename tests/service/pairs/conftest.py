from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.service.pairs.world import PAIRS, Translator, World, world


@pytest.fixture(scope="session")
def everyone() -> Iterator[World]:
    """One gateway for all tests that leave no trace in it."""
    with world() as made:
        yield made


@pytest.fixture(params=PAIRS, ids=[f"{caller}->{upstream}" for caller, upstream in PAIRS])
def pair(request: pytest.FixtureRequest, everyone: World) -> Translator:
    return everyone.pair(*request.param)


@pytest.fixture(params=[False, True], ids=["whole", "stream"])
def stream(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(params=["sync", "async"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)
