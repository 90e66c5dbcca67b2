"""The database's own word that entries are only ever appended: triggers on their table.

They are made after every migration: SQLite drops them when a migration makes a table anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from governance.models import AuditEntry

TABLE: Final = AuditEntry._meta.db_table
_WORDS: Final = "Entries of the audit log are only ever appended."

_SQLITE: Final = tuple(
    f'CREATE TRIGGER IF NOT EXISTS "{TABLE}_no_{verb}" BEFORE {verb.upper()} ON "{TABLE}" '
    f"BEGIN SELECT RAISE(ABORT, '{_WORDS}'); END"
    for verb in ("update", "delete")
)
_POSTGRESQL: Final = (
    f'CREATE OR REPLACE FUNCTION "{TABLE}_refuse"() RETURNS trigger AS $$ '
    f"BEGIN RAISE EXCEPTION '{_WORDS}' USING ERRCODE = 'integrity_constraint_violation'; END $$ "
    "LANGUAGE plpgsql",
    f'CREATE OR REPLACE TRIGGER "{TABLE}_no_change" BEFORE UPDATE OR DELETE OR TRUNCATE '
    f'ON "{TABLE}" FOR EACH STATEMENT EXECUTE FUNCTION "{TABLE}_refuse"()',
)
_UNLOCK: Final = {
    "sqlite": tuple(f'DROP TRIGGER IF EXISTS "{TABLE}_no_{verb}"' for verb in ("update", "delete")),
    "postgresql": (f'DROP TRIGGER IF EXISTS "{TABLE}_no_change" ON "{TABLE}"',),
}
_LOCK: Final = {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}


def lock(connection: Any) -> None:
    """Makes the triggers that are not there; nothing before the table itself is."""
    if TABLE in connection.introspection.table_names():
        _execute(connection, _LOCK)


@contextmanager
def unlocked(connection: Any) -> Iterator[None]:
    """Without them; for tests, which empty the database between them."""
    _execute(connection, _UNLOCK)
    try:
        yield
    finally:
        _execute(connection, _LOCK)


def _execute(connection: Any, statements: dict[str, tuple[str, ...]]) -> None:
    with connection.cursor() as cursor:
        for statement in statements.get(connection.vendor, ()):
            cursor.execute(statement)
