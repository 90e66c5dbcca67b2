"""Reading rows of several tables as of one moment, without holding up writers for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from django.db import transaction

from governance.load_table import read_version
from governance.models import TableVersion

ATTEMPTS: Final = 5
"""Reads that writers overtook before the next one makes them wait."""

T = TypeVar("T")


def consistent(read: Callable[[], T]) -> T:
    """What `read` returns, read again when something was saved meanwhile.

    A profile and its targets are two queries: between them the profile may be deleted, and would
    look as if it had no targets. Every write changes the version in its own transaction.
    """
    version = read_version()
    for _ in range(ATTEMPTS):
        found = read()
        after = read_version()
        if after == version:
            return found
        version = after
    with transaction.atomic():
        TableVersion.objects.select_for_update().get_or_create(pk=1)
        return read()
