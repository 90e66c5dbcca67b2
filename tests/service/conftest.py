"""One running service for the tests of this folder: real processes, real database, two workers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.service.operator import Operator
from tests.support.installation import Installation


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    data_dir = tmp_path_factory.mktemp("service")
    with Installation(data_dir, "--no-model", "--workers", "2") as running:
        yield running


@pytest.fixture
def operator(installation: Installation) -> Operator:
    return Operator(installation.url, installation.api_key)
