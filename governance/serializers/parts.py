"""Columns of a row that its document holds as one object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.translation import gettext

from governance.routing.fields import kind_of
from governance.serializers.strict import NOTHING, Reading, StrictSerializer


class PartSerializer(StrictSerializer):
    """Columns of a row that its document holds as one object. `Meta.fields` names them as they are
    called there, and the `name` of the object follows from where it is declared."""

    absent: ClassVar[Any] = ...

    def read(self, reading: Reading) -> None:
        name = str(self.field_name)
        given = reading.document.get(name)
        if given is not None and not isinstance(given, Mapping):
            reading.note(
                name,
                "type",
                gettext("%(name)s must be an object, not %(kind_of)s.")
                % {"name": name, "kind_of": kind_of(given)},
            )
            given = None
        inner = Reading(given or NOTHING, reading.path(name), reading.found, beside=reading.beside)
        for field_name, one, _, absent in self.readers:
            unset = inner.document.get(field_name) is None and absent is not ...
            column = self.columns.get(field_name, field_name)
            reading.values[column] = absent if unset else one.read(inner)

    def fill_from(self, row: Any, document: Mapping[str, Any]) -> None:
        self.fill(row, document.get(str(self.field_name)) or NOTHING)

    def show(self, row: Any) -> dict[str, Any] | None:
        return self.document(row)


class OptionalPartSerializer(PartSerializer):
    """A part that a row may be without: `null`. The first of `needed`, which are the members that
    it cannot be without, is the one whose column says whether it is there."""

    needed: ClassVar[tuple[str, ...]]

    def read(self, reading: Reading) -> None:
        super().read(reading)
        name = str(self.field_name)
        given = reading.document.get(name)
        if not isinstance(given, Mapping):
            return
        inner = Reading(given, reading.path(name), reading.found)
        for one in self.needed:
            if given.get(one) in (None, ""):
                inner.note(one, "required", gettext("%(one)s is required.") % {"one": one})

    def show(self, row: Any) -> dict[str, Any] | None:
        there = getattr(row, self.columns[self.needed[0]])
        return None if there in (None, "") else super().show(row)
