"""Data directories and databases that are migrated already: once a test process, then copied."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path

import psycopg

from tests.support.installation import manage


@cache
def _template() -> tempfile.TemporaryDirectory[str]:
    """Lives as long as the process."""
    folder = tempfile.TemporaryDirectory(prefix="pm-migrated-")
    ended = manage(Path(folder.name) / "data", "migrate", "--verbosity", "0")
    assert ended.returncode == 0, ended.stderr
    return folder


def migrated(data_dir: Path) -> Path:
    """Makes it what `manage.py migrate` makes of an empty one, and returns it."""
    shutil.copytree(Path(_template().name) / "data", data_dir, dirs_exist_ok=True)
    data_dir.chmod(0o700)
    return data_dir


@cache
def _template_database(server: str) -> str:
    name = "pointsman_template"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    with tempfile.TemporaryDirectory() as folder:
        url = f"{server.rpartition('/')[0]}/{name}"
        ended = manage(Path(folder), "migrate", "--verbosity", "0", POINTSMAN_DATABASE_URL=url)
    assert ended.returncode == 0, ended.stderr
    return name


def migrated_database(server: str, name: str) -> str:
    """The URL of a new database of the server, migrated."""
    template = _template_database(server)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return f"{server.rpartition('/')[0]}/{name}"


def drop_database(server: str, name: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
