"""A start that cannot go well is refused: one line on standard error, status 2, nothing changed."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from gateway import installation
from tests.support.installation import manage

SEAL = """
from governance import secrets
from governance.models import Provider, TableVersion
TableVersion.objects.get_or_create(pk=1)
Provider.objects.create(name="corp", kind="openai", base_url="https://llm.example/v1",
    sealed_api_key=secrets.encrypt("s3cret"))
"""


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with a database, and a credential in it."""
    made = tmp_path_factory.mktemp("complete")
    assert manage(made, "migrate", "--verbosity", "0").returncode == 0
    assert manage(made, "shell", "-v", "0", "-c", SEAL).returncode == 0
    installation.mark(made)
    return made


def refused(data_dir: Path, *words: str, **more: str) -> None:
    before = contents(data_dir)
    result = manage(data_dir, "up", "--no-model", "--port", "0", **more)
    assert result.returncode == 2, result.stderr
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    for word in words:
        assert word in line
    assert contents(data_dir) == before


def contents(data_dir: Path) -> dict[str, bytes]:
    """Of files that matter."""
    names = ("pointsman.sqlite3", "secrets/encryption_key", "secrets/secret_key")
    return {one: (data_dir / one).read_bytes() for one in names if (data_dir / one).exists()}


def sql(statement: str) -> Callable[[Path], None]:
    def change(data_dir: Path) -> None:
        base = sqlite3.connect(data_dir / "pointsman.sqlite3")
        base.execute(statement)
        base.commit()
        base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        base.close()

    return change


def without(name: str) -> Callable[[Path], None]:
    return lambda data_dir: (data_dir / name).unlink()


def held(name: str, data: bytes) -> Callable[[Path], None]:
    def change(data_dir: Path) -> None:
        (data_dir / name).write_bytes(data)

    return change


def cut(data_dir: Path) -> None:
    file = data_dir / "pointsman.sqlite3"
    os.truncate(file, file.stat().st_size // 2)


def emptied(data_dir: Path) -> None:
    (data_dir / "pointsman.sqlite3").unlink()
    sql("PRAGMA journal_mode=WAL")(data_dir)


NEWER = (
    "INSERT INTO django_migrations (app, name, applied) "
    "VALUES ('governance', '9999_future', '2030-01-01')"
)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (without("secrets/encryption_key"), ["secrets/encryption_key is missing"]),
        (without("pointsman.sqlite3"), ["pointsman.sqlite3 is missing"]),
        (held("secrets/encryption_key", b"garbage"), ["encryption_key must be Fernet keys"]),
        (
            held("secrets/encryption_key", Fernet.generate_key()),
            ["credentials of corp", "another key", "encryption_key", "--drop-unreadable"],
        ),
        (cut, ["is cut off"]),
        (emptied, ["The database is empty"]),
        (sql(NEWER), ["newer release", "9999_future"]),
    ],
)
def test_what_does_not_fit(
    complete: Path, tmp_path: Path, change: Callable[[Path], None], words: list[str]
) -> None:
    data_dir = tmp_path / "data"
    shutil.copytree(complete, data_dir)
    change(data_dir)
    refused(data_dir, *words)


def test_no_key_is_made_beside_what_another_one_sealed(complete: Path, tmp_path: Path) -> None:
    """Also where no marker says that there was one: a new node on a database that is shared."""
    shutil.copy(complete / "pointsman.sqlite3", tmp_path)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "secret_key").write_text("x" * 60)
    refused(tmp_path, "credentials of corp", "another key")
    assert not (tmp_path / "secrets" / "encryption_key").exists()


def test_a_database_of_another_program(tmp_path: Path) -> None:
    sql("CREATE TABLE notes (text)")(tmp_path)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "encryption_key").write_bytes(Fernet.generate_key())
    (tmp_path / "secrets" / "secret_key").write_text("x" * 60)
    refused(tmp_path, "belongs to another program")


def test_a_key_that_is_lost_for_good_can_be_given_up(complete: Path, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    shutil.copytree(complete, data_dir)
    held("secrets/encryption_key", Fernet.generate_key())(data_dir)
    assert manage(data_dir, "rotate_credentials").returncode != 0
    done = manage(data_dir, "rotate_credentials", "--drop-unreadable")
    assert done.returncode == 0
    assert "corp" in done.stdout


def test_a_server_that_is_away_is_waited_for(tmp_path: Path) -> None:
    result = manage(
        tmp_path,
        "up",
        "--no-model",
        "--port",
        "0",
        POINTSMAN_DATABASE_WAIT_SECONDS="1",
        POINTSMAN_DATABASE_URL="postgres://somebody:pa55@127.0.0.1:1/name",
    )
    assert result.returncode == 2
    first, second = result.stderr.splitlines()
    assert first == "The database does not answer yet; waiting up to 1 s for it."
    assert "refused" in second
    assert "pa55" not in result.stderr
