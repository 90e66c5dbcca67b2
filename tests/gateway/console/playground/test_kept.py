"""The playground filled with a request of the log: for whom, from where, and what it says else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.test import Client

from governance.models import AuditEntry, Interaction
from inference.record.describe import describe
from inference.record.record import KEPT_BYTES
from tests.gateway.console.conftest import Member
from tests.governance.interactions.request_contexts import request_context
from tests.governance.interactions.rows import insert

pytestmark = pytest.mark.django_db
RIGHTS = ("gateway.use_playground", "governance.view_interaction")
READ = "gateway.read_content"
BODY = json.dumps({"model": "light/x", "messages": [{"role": "user", "content": "a secret hen"}]})


@pytest.fixture
def log(tmp_path: Path, settings: Any) -> Path:
    settings.INTERACTION_LOG_DIR = tmp_path
    return tmp_path


def row(log: Path | None = None, request: str = BODY, **more: Any) -> int:
    """A request in the log, with what was said where a folder is given."""
    record = describe(request_context(id="req_1", **more))
    insert([record])
    if log is not None:
        line = msgspec.structs.replace(record, request=request, answer="An egg.")
        (log / f"interactions-{record.time[:10]}.jsonl").write_bytes(msgspec.json.encode(line))
    return Interaction.objects.get().pk


def kept(client: Client, pk: int) -> dict[str, Any]:
    answer = client.get(f"/admin/playground/kept/{pk}")
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    found: dict[str, Any] = answer.json()
    return found


def test_it_works(member: Member, log: Path) -> None:
    """Who read it is noted, and nothing of what was read."""
    pk, client = row(log), member(*RIGHTS, READ)
    page = client.get(f"/admin/playground/?interaction={pk}").content.decode()
    assert f'data-kept="/admin/playground/kept/{pk}"' in page
    assert "a secret hen" not in page
    told = kept(client, pk)
    assert told["form"]["turns"][0]["text"] == "a secret hen"
    assert (told["answer"], told["goes_on"]) == ("An egg.", True)
    assert "1 message" in told["note"]
    (entry,) = AuditEntry.objects.filter(action="read content")
    assert (entry.actor, entry.object_type, entry.object_id) == ("member", "interaction", "req_1")
    assert "hen" not in str(entry.changes)


def test_a_request_is_also_named_by_its_id(member: Member) -> None:
    pk, client = row(), member(*RIGHTS)
    for named in ("req_1", pk):
        page = client.get("/admin/playground/", {"interaction": named}).content.decode()
        assert f"/admin/playground/kept/{pk}" in page
    for named in ("unknown", "9" * 30, "\0"):
        page = client.get("/admin/playground/", {"interaction": named}).content.decode()
        assert "There is no such request in the log" in page
        assert "/playground/kept/" not in page


def test_only_for_whoever_may_read_content(member: Member, log: Path) -> None:
    pk = row(log)
    told = kept(member(*RIGHTS), pk)
    assert set(told) == {"note"}
    assert "Only people who" in told["note"]
    other = member("gateway.use_playground", READ, name="other")
    assert other.get(f"/admin/playground/kept/{pk}").status_code == 403
    assert "data-kept" not in other.get(f"/admin/playground/?interaction={pk}").content.decode()
    assert not AuditEntry.objects.filter(action="read content").exists()


@pytest.mark.parametrize(
    ("keeps", "words"), [(False, "set POINTSMAN_LOG_CONTENT=true"), (True, "is not at hand")]
)
def test_where_none_is_kept_it_says_so(
    member: Member, log: Path, settings: Any, keeps: bool, words: str
) -> None:
    settings.LOG_CONTENT = keeps
    told = kept(member(*RIGHTS, READ), row())
    assert words in told["note"]
    assert str(log) not in told["note"]
    assert set(told) == {"note"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (BODY[:-3], "no JSON"),
        ('{"messages": [' + '"a",' * (KEPT_BYTES // 4), "larger than the 1 MiB"),
        ("[]", "no JSON"),
        ('{"messages": 7}', "no JSON"),
        ('{"messages": ' + "[" * 20_000, "no JSON"),
    ],
    ids=["cut", "large", "array", "odd", "deep"],
)
def test_what_cannot_be_read_is_said(member: Member, log: Path, body: str, words: str) -> None:
    told = kept(member(*RIGHTS, READ), row(log, body))
    assert words in told["note"]
    assert "form" not in told
