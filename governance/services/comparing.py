"""What lies between two revisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from governance.change_summary import changed
from governance.errors import NotFound
from governance.models import Revision
from governance.routing.fields import Problem


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing, as it was and as it is; None where it was or is not there."""

    kind: str
    id: str | int
    name: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    secrets: tuple[str, ...] = ()
    """Fields given anew whose values no document shows."""

    @property
    def words(self) -> list[str]:
        """What changed; none where the thing came or went."""
        if self.before is None or self.after is None:
            return []
        return changed(self.before, self.after, self.secrets)

    @property
    def verb(self) -> str:
        """`created`, `removed` or `changed`."""
        return "created" if self.before is None else "removed" if self.after is None else "changed"


def find_revision(version: int) -> Revision:
    """Raises `NotFound`."""
    row = Revision.objects.filter(pk=version).first()
    if row is None:
        raise NotFound(
            Problem(
                "", "not_found", gettext("There is no revision %(version)s.") % {"version": version}
            )
        )
    return row


def differences(revision: Revision) -> list[Difference]:
    """What this revision changed."""
    return [_difference(entry) for entry in revision.changes]


def compare(first: int, second: int) -> list[Difference]:
    """What is another in the configuration as `second` left it than as `first` left it.

    Either may be the later one. Raises `NotFound` when one of them is not there.
    """
    for version in (first, second):
        find_revision(version)
    low, high = sorted((first, second))
    between = Revision.objects.filter(version__gt=low, version__lte=high).order_by("version")
    found: dict[tuple[str, str | int], Difference] = {}
    for entries in between.values_list("changes", flat=True).iterator():
        for one in map(_difference, entries):
            key = one.kind, one.id
            held = found.get(key)
            found[key] = one if held is None else _joined(held, one)
    told = [one if first == low else _turned(one) for one in found.values()]
    return [one for one in told if one.before != one.after or (one.after and one.secrets)]


def _difference(entry: Mapping[str, Any]) -> Difference:
    kind, identity, name, before, after = (
        entry[field] for field in ("kind", "id", "name", "before", "after")
    )
    return Difference(kind, identity, name, before, after, tuple(entry.get("secrets", ())))


def _joined(one: Difference, later: Difference) -> Difference:
    secrets = tuple(dict.fromkeys((*one.secrets, *later.secrets)))
    return Difference(one.kind, one.id, later.name, one.before, later.after, secrets)


def _turned(one: Difference) -> Difference:
    return Difference(one.kind, one.id, one.name, one.after, one.before, one.secrets)
