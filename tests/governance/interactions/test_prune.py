"""`manage.py prune_interactions`: what is old goes, in batches, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance.interactions import retention
from governance.models import AuditEntry, Interaction
from tests.governance.interactions.rows import START, ids, insert_at

pytestmark = pytest.mark.django_db
DAY = 24 * 60


@pytest.fixture
def directory(tmp_path: Path, settings: Any) -> Path:
    settings.INTERACTION_LOG_DIR = tmp_path
    return tmp_path


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command runs forty days after `START`, which is 2030-03-17."""
    monkeypatch.setattr(timezone, "now", lambda: START + timedelta(days=40))


def prune(*arguments: str) -> str:
    out = StringIO()
    call_command("prune_interactions", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.usefixtures("now")
def test_it_works(directory: Path) -> None:
    """Thirty days stay; of the files those whose whole day is older go, compressed ones too."""
    insert_at(0, 9 * DAY, 10 * DAY + 1, 39 * DAY)
    old = ["interactions-2030-03-17.jsonl", "interactions-2030-03-26.jsonl.gz"]
    kept = [
        "interactions-2030-03-27.jsonl",
        "interactions-2030-04-26.jsonl",
        "interactions-2030-99-99.jsonl",
        "notes.txt",
    ]
    for name in old + kept:
        (directory / name).write_text("{}\n")
    assert prune() == "Deleted 2 rows and 2 files from before 2030-03-27 17:46 UTC.\n"
    assert ids(Interaction.objects.all()) == ["req_3", "req_2"]
    assert {path.name for path in directory.iterdir()} == set(kept)
    assert prune() == "Deleted 0 rows and 0 files from before 2030-03-27 17:46 UTC.\n"


@pytest.mark.usefixtures("now")
def test_a_dry_run_deletes_nothing(directory: Path) -> None:
    insert_at(0, 39 * DAY)
    (directory / "interactions-2030-03-17.jsonl").write_text("{}\n")
    words = prune("--dry-run")
    assert words == "Would delete 1 row and 1 file from before 2030-03-27 17:46 UTC.\n"
    assert Interaction.objects.count() == 2
    assert len(list(directory.iterdir())) == 1
    assert not AuditEntry.objects.exists()


@pytest.mark.usefixtures("now")
def test_the_audit_log_says_what_went(directory: Path) -> None:
    insert_at(0)
    told = prune("--days", "30").strip()
    entry = AuditEntry.objects.get()
    assert (entry.via, entry.action, entry.object_type) == ("command", "delete", "interactions")
    assert entry.changes == [told]
    prune("--days", "30")
    assert AuditEntry.objects.count() == 1, "nothing was left to delete"


@pytest.mark.usefixtures("now", "directory")
def test_other_days() -> None:
    insert_at(0, 39 * DAY)
    assert prune("--days", "50").startswith("Deleted 0 rows and 0 files")
    assert prune("--days", "0").startswith("Deleted 2 rows and 0 files")


@pytest.mark.usefixtures("directory")
@pytest.mark.parametrize("days", ["-1", "40000"])
def test_days_that_make_no_sense(days: str) -> None:
    with pytest.raises(CommandError, match="--days must be from 0 to 36500"):
        prune("--days", days)


def test_rows_go_in_batches() -> None:
    """No transaction deletes more than a batch, so other writers get their turn."""
    insert_at(*range(25))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert retention.delete_rows(START + timedelta(days=1), batch=10, pause=0) == 25
    deletions = [one["sql"] for one in queries if one["sql"].startswith("DELETE")]
    assert len(deletions) == 3
    assert Interaction.objects.count() == 0


def test_a_missing_directory_is_no_trouble(tmp_path: Path) -> None:
    assert retention.old_files(tmp_path / "none", START) == []
