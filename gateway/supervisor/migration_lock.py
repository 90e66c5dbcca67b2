"""One node migrates at a time; the others wait, and find nothing left to do."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from django.conf import settings
from django.db import connection

_KEY: Final = 0x706F696E7473
"""Of the advisory lock: a number that nobody else is likely to take."""


@contextmanager
def migration_lock(say: Callable[[str], object] = sys.stderr.write) -> Iterator[None]:
    """On PostgreSQL an advisory lock of the database, elsewhere a lock of a file beside it."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [_KEY])
            if not cursor.fetchone()[0]:
                say("Another node prepares the database; waiting for it.\n")
                cursor.execute("SELECT pg_advisory_lock(%s)", [_KEY])
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_KEY])
        return
    path = settings.DATA_DIR / "migrate.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
