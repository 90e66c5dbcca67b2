"""Lost updates: what was changed between the moment someone looked and the moment they save."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from governance.change_summary import changed, described
from governance.errors import Meanwhile, StaleVersion
from governance.models import Revision

Versions = frozenset[int]
"""Versions a writer expects to find; any of them will do."""


def expect(kind: str, row: Any, expected: Versions | None) -> None:
    """Raises `StaleVersion` unless the row has one of these versions; None expects nothing."""
    if expected is None or row.changed_in in expected:
        return
    since = max(expected, default=row.changed_in)
    raise StaleVersion(row.changed_in, meanwhile(kind, row.pk, since))


def meanwhile(kind: str, identity: str | int, since: int) -> list[Meanwhile]:
    """What became of one thing after this version, the first change first."""
    found = []
    for revision, entry in _entries(kind, identity, since):
        before, after = entry["before"], entry["after"]
        if before is None or after is None:
            words = described(after or before or {})
        else:
            words = changed(before, after, entry.get("secrets", ()))
        found.append(Meanwhile(revision.version, revision.who, revision.when, tuple(words)))
    return found


def as_of(kind: str, identity: str | int, version: int) -> Mapping[str, Any] | None:
    """The document of one thing as this version left it; None where it is as it is now, and
    where it was not there."""
    for _, entry in _entries(kind, identity, version):
        before: Mapping[str, Any] | None = entry["before"]
        return before
    return None


def _entries(
    kind: str, identity: str | int, since: int
) -> Iterator[tuple[Revision, Mapping[str, Any]]]:
    for revision in Revision.objects.filter(version__gt=since).order_by("version").iterator():
        for entry in revision.changes:
            if entry["kind"] == kind and entry["id"] == identity:
                yield revision, entry
