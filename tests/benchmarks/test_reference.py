from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.cases import CASES
from benchmarks.programs import Mock
from benchmarks.service import Reference
from benchmarks.subjects import Subject, WrongAnswer


def test_the_reference_relays_what_the_mock_says(tmp_path: Path) -> None:
    """To the byte, whole and streamed, so that both ways are measured on the same answers."""
    with Mock(tmp_path) as mock, Reference(mock.port, None) as reference:
        for name in ("whole-32", "stream-32", "stream-to-anthropic", "prompt-1m", "stream-5000"):
            case = next(case for case in CASES if case.name == name)
            direct = Subject("direct", mock.port).shot(case)
            relayed = Subject("reference", reference.port).shot(case)
            assert relayed.expected == direct.expected


def test_a_wrong_answer_is_not_measured(tmp_path: Path) -> None:
    """A subject that does not answer as the route says is reported instead."""
    with Mock(tmp_path) as mock:
        subject = Subject("direct", mock.port)
        subject.path = lambda case: "/nowhere/v1/chat/completions"
        with pytest.raises(WrongAnswer, match="direct, whole-1: 404"):
            subject.shot(CASES[0])
