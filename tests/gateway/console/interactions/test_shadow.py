"""The page of a request shows its copy beside it, and the page of the copy its request."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.contrib.auth.models import User
from django.test import Client

from governance.interactions.record import InteractionRecord
from governance.models import Interaction
from inference.record.describe import describe
from tests.gateway.console.conftest import Member
from tests.governance.interactions.request_contexts import attempt, plan, request_context
from tests.governance.interactions.rows import insert

pytestmark = pytest.mark.django_db
LIST = "/admin/governance/interaction/"
LIVE = request_context(id="req_live", shadow="shadow/1", attempts=[attempt()])
COPY = request_context(
    id="shadow/1",
    shadow_of="req_live",
    plan=plan(reason="shadow"),
    attempts=[attempt(provider="capable", model="gpt-4o-mini")],
)


@pytest.fixture
def operator() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("ann"))
    return client


def write(directory: Path, *records: tuple[InteractionRecord, str]) -> None:
    """The documented log, as the collector writes it."""
    lines = [
        msgspec.json.encode(msgspec.structs.replace(one, request="{}", answer=answer))
        for one, answer in records
    ]
    day = records[0][0].time[:10]
    (directory / f"interactions-{day}.jsonl").write_bytes(b"\n".join(lines) + b"\n")


def page(client: Client, request_id: str) -> str:
    key = Interaction.objects.get(request_id=request_id).pk
    answer = client.get(f"{LIST}{key}/change/")
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", html.unescape(answer.content.decode()))


@pytest.fixture
def log(tmp_path: Path, settings: Any) -> Path:
    settings.INTERACTION_LOG_DIR = tmp_path
    return tmp_path


def test_it_works(operator: Client, log: Path) -> None:
    live, copy = describe(LIVE, 0.25), describe(COPY, 0.125)
    insert([live, copy])
    write(log, (live, "The red hen <b>laid</b> an egg."), (copy, "The red hen hid an egg."))
    for name in ("req_live", "shadow/1"):
        shown = page(operator, name)
        assert "fast / small" in shown
        assert "capable / gpt-4o-mini" in shown
        assert "$0.250000" in shown
        assert "$0.125000" in shown
        assert "<del> <b>laid</b></del><ins> hid</ins> an egg." in shown
    assert "Light (shadow)" in operator.get(LIST).content.decode()
    raw = operator.get(f"{LIST}{Interaction.objects.get(request_id='req_live').pk}/change/")
    assert b"<b>laid" not in raw.content


def test_the_same_answer_is_said_to_be_the_same(operator: Client, log: Path) -> None:
    live, copy = describe(LIVE), describe(COPY)
    insert([live, copy])
    write(log, (live, "An egg."), (copy, "An egg."))
    assert "Both answers are the same, word for word." in page(operator, "req_live")


def test_without_content_there_are_figures_alone(operator: Client, log: Path) -> None:
    insert([describe(LIVE), describe(COPY)])
    shown = page(operator, "req_live")
    assert "POINTSMAN_LOG_CONTENT" in shown
    assert "How the answers differ" not in shown


def test_answers_are_for_whoever_may_read_content(log: Path, member: Member) -> None:
    live, copy = describe(LIVE), describe(COPY)
    insert([live, copy])
    write(log, (live, "The red hen"), (copy, "The turquoise hen"))
    shown = page(member("governance.view_interaction"), "req_live")
    assert "turquoise" not in shown
    assert "Only people who" in shown


def test_a_copy_that_is_not_there_is_said_to_be_gone(operator: Client, log: Path) -> None:
    insert([describe(LIVE)])
    assert "Its record is not there" in page(operator, "req_live")


def test_a_request_without_a_copy_says_nothing_of_it(operator: Client, log: Path) -> None:
    insert([describe(request_context(id="req_plain"))])
    assert "shadow" not in page(operator, "req_plain").replace("shadow-", "")


def test_an_id_that_was_used_twice_is_told_apart(operator: Client, log: Path) -> None:
    """The row that names the copy is the one, and the line of its time."""
    other = request_context(id="req_live", at=LIVE.at + 60, attempts=[attempt(model="another")])
    live, copy, later = describe(LIVE), describe(COPY), describe(other)
    insert([live, copy, later])
    write(log, (live, "first egg"), (copy, "second egg"), (later, "nothing"))
    shown = page(operator, "shadow/1")
    assert "fast / small" in shown
    assert "<del>first</del><ins>second</ins> egg" in shown
