"""What must hold before anything is migrated or served: the database answers, is ours, is not of a
newer release, and belongs to the secrets that are here. Nothing is changed to find that out."""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.utils import DatabaseError, InterfaceError, OperationalError

from gateway import environment, installation
from gateway.supervisor.startup_error import StartupError
from governance import secrets
from governance.models import Provider, TableVersion

APPS: Final = ("gateway", "governance")
"""Whose migrations tell our database from others, and a newer release's from ours."""
_WHERE: Final = "It is the one that POINTSMAN_DATABASE_URL names, or a file in the data directory."
_HOPELESS: Final = ("28", "3D", "42", "22")
"""Classes of SQLSTATE that waiting does not mend: who may sign in, which database there is."""


class DatabaseAway(StartupError):
    """The database did not answer for as long as was waited."""


def wait_for_database(seconds: float, say: Callable[[str], object] = sys.stderr.write) -> None:
    """Returns once the database answers. Raises `StartupError`."""
    deadline, told = time.monotonic() + seconds, False
    while True:
        try:
            _try()
            return
        except (OperationalError, InterfaceError) as error:
            connection.close()
            words = _words(error)
            if not _may_pass(error):
                raise StartupError(f"The database cannot be used: {words}. {_WHERE}") from None
            if time.monotonic() >= deadline:
                raise DatabaseAway(f"The database cannot be used: {words}. {_WHERE}") from None
            if not told:
                told = True
                say(f"The database does not answer yet; waiting up to {seconds:.0f} s for it.\n")
        except DatabaseError as error:
            connection.close()
            raise StartupError(f"The database cannot be used: {_words(error)}. {_WHERE}") from None
        time.sleep(min(0.5, max(0.0, deadline - time.monotonic())))


def check_database() -> None:
    """Whether what is there fits this release and these secrets. Raises `StartupError`."""
    try:
        tables = set(connection.introspection.table_names())
        _check_ours(tables)
        _check_complete(tables)
        _check_release()
        _check_secrets(tables)
    except DatabaseError as error:
        raise StartupError(f"The database cannot be used: {_words(error)}. {_WHERE}") from None


def _try() -> None:
    if connection.vendor == "postgresql":
        _dial()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _dial() -> None:
    """Past the pool, which tells that there is no connection, but not why."""
    import psycopg

    given = {**connection.get_connection_params()}
    given.pop("pool", None)
    wanted = ("dbname", "user", "password", "host", "port", "connect_timeout", "service", "sslmode")
    try:
        psycopg.connect(**{name: given[name] for name in wanted if name in given}).close()
    except psycopg.OperationalError as error:
        raise OperationalError(str(error)) from error


def _may_pass(error: Exception) -> bool:
    """A file that cannot be opened stays so; a server may come up."""
    if connection.vendor != "postgresql":
        return "locked" in str(error) or "busy" in str(error)
    state = getattr(error.__cause__, "sqlstate", None) or ""
    text = str(error)
    return not state.startswith(_HOPELESS) and not any(
        f" {word}" in text for word in ("does not exist", "authentication failed")
    )


def _words(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no reason given"])[0].rstrip(".")


def check_file() -> None:
    """Whether a file of SQLite is whole and ours, before anything opens it to write: that alone
    would change it. Raises `StartupError`."""
    path = Path(str(connection.settings_dict["NAME"]))
    if connection.vendor != "sqlite" or not path.is_file() or not path.stat().st_size:
        return
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as base:
            _check_length(path)
            tables = base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            names = {name for (name,) in tables if not name.startswith("sqlite_")}
            migrated = "SELECT DISTINCT app FROM django_migrations"
            apps = set(base.execute(migrated)) if "django_migrations" in names else None
    except sqlite3.OperationalError:
        # Locked, or not for us to read: whoever opens it tells.
        return
    except sqlite3.DatabaseError as error:
        raise StartupError(f"The database cannot be used: {_words(error)}. {_WHERE}") from None
    if ("governance",) not in apps if apps else names and apps is None:
        raise StartupError(f"The database belongs to another program. {_WHERE}")


def _check_length(path: Path) -> None:
    """A file that was cut off reads well until the missing part is asked for."""
    with path.open("rb") as file:
        wanted = file.read(32)
    size = int.from_bytes(wanted[16:18], "big")
    expected = (65536 if size == 1 else size) * int.from_bytes(wanted[28:32], "big")
    waiting = Path(f"{path}-wal")
    if waiting.exists() and waiting.stat().st_size:
        return
    there = path.stat().st_size
    if wanted.startswith(b"SQLite format 3") and there < expected:
        raise StartupError(
            f"The database {path} is cut off: {there} of {expected} bytes are there. Put it back "
            "from a backup."
        )


def _check_ours(tables: set[str]) -> None:
    """A server may keep tables of others beside ours; a list of migrations is one program's."""
    if "django_migrations" not in tables:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT app FROM django_migrations")
        apps = {row[0] for row in cursor.fetchall()}
    if apps and "governance" not in apps:
        raise StartupError(f"The database belongs to another program. {_WHERE}")


def _check_complete(tables: set[str]) -> None:
    if not installation.marker(settings.DATA_DIR).exists():
        return
    table = TableVersion._meta.db_table
    if table not in tables or not TableVersion.objects.exists():
        raise StartupError(
            f"The database is empty, though {settings.DATA_DIR} holds an installation. Put the "
            "database back from a backup, or choose another directory with POINTSMAN_DATA_DIR."
        )


def _check_release() -> None:
    loader = MigrationLoader(connection)
    assert loader.disk_migrations is not None
    unknown = sorted(
        name
        for app, name in loader.applied_migrations
        if app in APPS
        and (app, name) not in loader.disk_migrations
        and not _replaced(loader, app, name)
    )
    if unknown:
        raise StartupError(
            f"The database is of a newer release of this service (migration {unknown[-1]}). "
            "Start that release, or put back a backup from before it."
        )


def _replaced(loader: MigrationLoader, app: str, name: str) -> bool:
    return any((app, name) in one.replaces for one in loader.replacements.values())


def _check_secrets(tables: set[str]) -> None:
    """Every credential opens with some key of the ring."""
    if Provider._meta.db_table not in tables:
        return
    rows = Provider.objects.values_list("name", "sealed_api_key", "sealed_headers")
    lost = sorted(name for name, *sealed in rows if not all(map(secrets.readable, sealed)))
    if not lost:
        return
    file = settings.ENCRYPTION_KEY_FILE
    if file in environment.made_here:
        # Nothing is sealed with it, and a key that was put back must find its place free.
        file.unlink(missing_ok=True)
    raise StartupError(
        f"The credentials of {_some(lost)} were sealed with another key than the one here. Put "
        f"{file} back from a backup, or set POINTSMAN_ENCRYPTION_KEYS to the key; where it is lost "
        "for good, manage.py rotate_credentials --drop-unreadable empties them."
    )


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
