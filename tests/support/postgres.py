"""A PostgreSQL server for tests: one that is given, or one of our own on a Unix socket."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

GIVEN = "POINTSMAN_TEST_POSTGRES_URL"
"""Names a server whose user may create databases, as `postgres://user@host/postgres`."""


def available() -> bool:
    """Whether a server is given or can be started."""
    return GIVEN in os.environ or _programs() is not None


@contextmanager
def server() -> Iterator[str]:
    """The URL of a server; one that was started ends with the block, and its data with it."""
    if given := os.environ.get(GIVEN):
        yield given
        return
    programs = _programs()
    assert programs is not None
    folder = Path(tempfile.mkdtemp(prefix="pm-postgres-", dir="/tmp"))
    try:
        as_user = _ordinary_user(folder)
        data = folder / "data"
        _run([programs / "initdb", "-D", data, "-U", "pointsman", "-A", "trust", "-N"], as_user)
        # Nothing here outlives the tests, so nothing waits for the disk.
        options = f"-k {folder} -c listen_addresses= -c fsync=off -c synchronous_commit=off"
        control = [programs / "pg_ctl", "-D", data, "-w", "-s"]
        _run([*control, "-o", options, "-l", folder / "log", "start"], as_user)
        try:
            yield f"postgres://pointsman@{str(folder).replace('/', '%2F')}/postgres"
        finally:
            _run([*control, "-m", "immediate", "stop"], as_user)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path | None:
    """The folder of the newest server's programs; Debian keeps them out of the path."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    if versions:
        return versions[-1].parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def _version(program: Path) -> float:
    return float(program.parent.parent.name)


def _ordinary_user(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then it runs as `nobody`, who is given the folder."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _run(command: list[Any], as_user: dict[str, Any]) -> None:
    subprocess.run(
        [str(part) for part in command],
        check=True,
        cwd="/",
        stdout=subprocess.DEVNULL,
        timeout=60,
        **as_user,
    )
