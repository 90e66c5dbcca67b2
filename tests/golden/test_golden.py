"""Every answer of the REST API is, byte for byte, the one that was recorded."""

from __future__ import annotations

import difflib
import json
import logging
import os
import re
from pathlib import Path
from typing import Any, Final

import pytest
from django.core.management.color import no_style
from django.db import connection

from tests.golden.replay import replay
from tests.golden.scenarios import SCENARIOS

ANSWERS: Final = Path(__file__).parent / "answers"
RECORD: Final = "POINTSMAN_TEST_RECORD_GOLDEN"
"""Set, the files are written instead of compared."""


@pytest.fixture
def first_numbers(db: None) -> None:
    """Rows are numbered from 1, whatever tests before have made and taken back."""
    with connection.cursor() as cursor:
        sequences = connection.introspection.sequence_list()
        for statement in connection.ops.sequence_reset_by_name_sql(no_style(), sequences):
            cursor.execute(statement)


@pytest.mark.usefixtures("first_numbers")
@pytest.mark.parametrize("name", SCENARIOS)
def test_answers_stay(name: str, settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    scenario = SCENARIOS[name]
    # Refusals are what is asked for here, and need not be told.
    caplog.set_level(logging.ERROR, "django.request")
    for setting, value in scenario.settings.items():
        setattr(settings, setting, value)
    found = list(replay(scenario))
    path = ANSWERS / f"{name}.txt"
    if RECORD in os.environ:
        path.write_text("".join(found), encoding="utf-8")
        return
    recorded = path.read_text(encoding="utf-8")
    kept = re.split(r"(?m)^(?==== \d+$)", recorded)[1:]
    if connection.vendor != "sqlite":
        # PostgreSQL keeps the fields of JSON objects in an order of its own.
        kept, found = [*map(_sorted, kept)], [*map(_sorted, found)]
    if kept == found:
        return
    assert len(kept) == len(found), f"{len(kept)} answers are recorded, {len(found)} came"
    changed = [_difference(*pair) for pair in zip(kept, found, strict=True) if pair[0] != pair[1]]
    pytest.fail(f"{len(changed)} answers changed:\n\n" + "\n\n".join(changed[:10]), pytrace=False)


def test_no_file_is_left_over() -> None:
    assert {path.stem for path in ANSWERS.glob("*.txt")} == set(SCENARIOS)


def _difference(kept: str, found: str) -> str:
    """The request and the lines that differ; JSON is broken into lines for it."""
    asked = [line for line in kept.splitlines()[:2] if len(line) < 300]
    lines = difflib.unified_diff(_broken(kept), _broken(found), "recorded", "now", n=3, lineterm="")
    return "\n".join([*asked, *lines])


def _sorted(text: str) -> str:
    """The same with the fields of every JSON object in the order of the alphabet.

    The words of a revision follow the order of the fields it was kept with, and are left out.
    """
    return "\n".join(map(_sorted_line, text.splitlines()))


def _sorted_line(line: str) -> str:
    try:
        document = json.loads(line, object_hook=lambda one: {**one, "words": []})
    except ValueError:
        return line
    return json.dumps(document, sort_keys=True, ensure_ascii=False)


def _broken(text: str) -> list[str]:
    return re.sub(r'(?<=[,{\[])(?=["{])', "\n", text).splitlines()
