"""What fuzzing has found before, and the examples it begins with, break nothing."""

from __future__ import annotations

import pytest

from tests.fuzz.__main__ import CORPUS
from tests.fuzz.targets import TARGETS, seeds


@pytest.mark.parametrize("target", TARGETS)
def test_it_works(target: str) -> None:
    kept = [one.read_bytes() for one in sorted((CORPUS / target).glob("*"))]
    for data in [*seeds(target), *kept]:
        TARGETS[target](data)
