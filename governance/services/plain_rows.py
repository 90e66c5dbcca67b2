"""Writing things that are one row with a document: groups, limits, extra amounts, prices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model
from django.utils.translation import gettext

from governance.errors import NotFound, check
from governance.routing.fields import Problem
from governance.serializers.strict import StrictSerializer
from governance.services.change import Change, Saved, change, merged
from governance.services.versions import Versions, expect

Row = TypeVar("Row", bound=Model)
Identity = str | int
Document = Mapping[str, Any]


def _no_secrets(document: Document) -> Iterable[str]:
    return ()


def _nothing(made: Change, row: Any) -> None:
    """Nothing goes with the row."""


@dataclass(frozen=True, slots=True)
class PlainRows(Generic[Row]):
    """How rows of one model are saved, found and deleted."""

    kind: str
    """The word of revisions."""
    model: type[Row]
    serializer: type[StrictSerializer]
    problems: Callable[[object, Row], list[Problem]]
    """Every rule that a document breaks beside what is saved; the row is the one it replaces."""
    before_delete: Callable[[Change, Row], None] = _nothing
    """Raises `Conflict`, or deletes what goes with the row."""
    secrets: Callable[[Document], Iterable[str]] = _no_secrets
    """The fields that a document brings anew whose values no document shows."""

    def save(
        self,
        document: object,
        *,
        who: str,
        existing: Identity | None = None,
        partial: bool = False,
        expected: Versions | None = None,
    ) -> Saved:
        """Creates a row, or replaces the `existing` one; `partial` keeps what is not named.

        Raises `Invalid`, `NotFound`, and `StaleVersion` for one of another version than
        `expected`.
        """
        shape = self.serializer
        with change(who, "save") as made:
            row = self.model() if existing is None else self.find(existing)
            expect(self.kind, row, expected)
            before = None if existing is None else shape.document(row)
            if partial and before is not None:
                document = merged(before, document)
            check(self.problems(document, row))
            assert isinstance(document, Mapping)
            shape.fill(row, document)
            row.full_clean()
            row.save()
            # Read anew: numbers are as the database keeps them.
            row = self.find(row.pk)
            after = shape.document(row)
            made.note(self.kind, row.pk, str(row), before, after, self.secrets(document))
            return made.saved(self.kind, row, after, shape.unknown(document))

    def delete(self, identity: Identity, *, who: str, expected: Versions | None = None) -> None:
        """Raises `NotFound`, `StaleVersion`, and `Conflict` while others need the row."""
        with change(who, "delete") as made:
            row = self.find(identity)
            expect(self.kind, row, expected)
            self.remove(made, row)

    def remove(self, made: Change, row: Row) -> None:
        """Within a change that is under way."""
        self.before_delete(made, row)
        made.note(self.kind, row.pk, str(row), self.serializer.document(row), None)
        row.delete()

    def find(self, identity: Identity) -> Row:
        """Raises `NotFound`."""
        sound = not (isinstance(identity, str) and "\x00" in identity)
        rows = self.model._default_manager.filter(pk=identity) if sound else []
        for row in rows:
            return row
        message = gettext('There is no %(kind)s with the id "%(identity)s".') % {
            "kind": self.kind,
            "identity": identity,
        }
        raise NotFound(Problem("", "not_found", message))
