"""A kept installation: its files, and what it answered while its own version ran."""

from __future__ import annotations

import gzip
import json
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg

STATE: Final = Path(__file__).parent / "state-b628ebc"
GATEWAY: Final = "http://gateway"
"""Stands in kept answers for the address the service was reached at."""
DATABASES: Final = ("sqlite", "postgres")
ROOT: Final = "/api/governance"


@dataclass(frozen=True)
class Kept:
    """What one of the two installations knew."""

    secrets: dict[str, str]
    """API keys by their names."""
    password: str
    """Of the user `admin`."""
    answers: dict[str, dict[str, Any]]
    """Status, content type and body of every address that was asked."""


def kept(database: str) -> Kept:
    whole = json.loads(gzip.decompress(_answers(database).read_bytes()))
    return Kept(whole["secrets"], whole["password"], whole["answers"])


def keep(database: str, what: Kept) -> None:
    document = {"secrets": what.secrets, "password": what.password, "answers": what.answers}
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    _answers(database).write_bytes(gzip.compress(text.encode(), mtime=0))


def _answers(database: str) -> Path:
    return STATE / f"{database}.answers.json.gz"


def answer(client: httpx.Client, path: str) -> dict[str, Any]:
    """What is asked of `path`, as it is kept. `client` knows the service's address."""
    found = client.get(path)
    return {
        "status": found.status_code,
        "type": found.headers.get("content-type", ""),
        "body": found.text.replace(str(client.base_url).rstrip("/"), GATEWAY),
    }


def restore_files(database: str, data_dir: Path) -> None:
    """Puts the data directory in its place; with SQLite the database is in it."""
    for folder in ("secrets", "interactions"):
        shutil.copytree(STATE / f"{database}.data" / folder, data_dir / folder)
    for path in (data_dir / "secrets").iterdir():
        path.chmod(0o600)
    if database == "sqlite":
        packed = STATE / "sqlite.data" / "pointsman.sqlite3.gz"
        (data_dir / "pointsman.sqlite3").write_bytes(gzip.decompress(packed.read_bytes()))


def keep_files(database: str, data_dir: Path) -> None:
    target = STATE / f"{database}.data"
    shutil.rmtree(target, ignore_errors=True)
    for folder in ("secrets", "interactions"):
        shutil.copytree(data_dir / folder, target / folder)
    if database == "sqlite":
        source = data_dir / "pointsman.sqlite3"
        with sqlite3.connect(source) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        packed = gzip.compress(source.read_bytes(), mtime=0)
        (target / "pointsman.sqlite3.gz").write_bytes(packed)


def restore_dump(url: str) -> None:
    """Fills the empty PostgreSQL database."""
    packed = (STATE / "postgres.data" / "dump.sql.gz").read_bytes()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(gzip.decompress(packed))


def keep_dump(text: str) -> None:
    """Keeps what any server of PostgreSQL takes: no commands of psql, no settings."""
    lines = [line for line in text.splitlines() if not line.startswith(("\\", "SET ", "--"))]
    packed = gzip.compress(("\n".join(lines) + "\n").encode(), mtime=0)
    (STATE / "postgres.data" / "dump.sql.gz").write_bytes(packed)
