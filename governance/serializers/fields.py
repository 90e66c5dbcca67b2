"""One kind of field for each kind of column: strict where DRF's own coerce.

Each reads its value out of a document and notes what is wrong with it, puts it into a row, and
shows the row's value. Bounds, choices and defaults are the column's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any

from django.db.models import Field as Column
from django.db.models import Model
from django.utils.translation import gettext
from rest_framework import serializers

from governance.json_values import (
    decimal,
    moment,
    moment_or_date,
    number,
    plain,
    point_in_time,
)
from governance.models.validators import Bounds, LinesValidator, NumbersValidator, Words
from governance.routing.fields import Fields, Problem, kind_of, range_problem


class Strict:
    """What all of them share. `null` means absent, except where a column may be null and has
    another default: there an unset value and the default are two things."""

    column: Column[Any, Any]
    name: str
    absent: Any = ...
    """What reading gives where there is no value; `...` where that is to be found out."""

    def bind(self, field_name: str, parent: Any) -> None:
        super().bind(field_name, parent)  # type: ignore[misc]
        self.name = field_name
        self.column = parent.Meta.model._meta.get_field(parent.columns.get(field_name, field_name))
        self.settle()

    def settle(self) -> None:
        """Takes from the column what reading needs."""

    def read(self, fields: Fields) -> Any:
        """A usable value, or one that says nothing where something is wrong."""
        raise NotImplementedError

    def fill_from(self, row: Model, document: Mapping[str, Any]) -> None:
        value = document.get(self.name)
        if value is not None:
            value = self.kept(value)
        elif self.name not in document or not self.column.null:
            value = self.column.get_default()
        setattr(row, self.column.attname, value)

    def kept(self, value: Any) -> Any:
        """A value of a document as the column keeps it."""
        return value

    def show(self, row: Model) -> Any:
        return getattr(row, self.column.attname)

    def shown_by(self) -> Callable[[Model], Any]:
        """`show`, or what does the same with fewer calls: lists show thousands of rows."""
        return attrgetter(self.column.attname) if type(self).show is Strict.show else self.show


class StrictTextField(Strict, serializers.CharField):
    """One line.

    Where another rule bounds the length in better words, texts are read up to `read_to` characters
    so that it is the one to tell.
    """

    prose = False

    def __init__(self, *, read_to: int = 0, **options: Any) -> None:
        super().__init__(**options)
        self.limit = read_to or self.max_length
        if self.allow_blank:
            self.absent = ""

    def settle(self) -> None:
        default: Any = self.column.default
        if isinstance(default, str) and default:
            self.absent = default

    def read(self, fields: Fields) -> str:
        assert self.limit is not None
        return fields.text(self.name, self.limit, required=not self.allow_blank, prose=self.prose)


class StrictProseField(StrictTextField):
    """Text that may span lines."""

    prose = True


class ReferenceField(StrictTextField):
    """The key of another row; blank for none."""

    def kept(self, value: Any) -> Any:
        return value or None

    def show(self, row: Model) -> Any:
        return super().show(row) or ""


class NumberReferenceField(Strict, serializers.IntegerField):
    """The key of another row, where keys are numbers."""

    def read(self, fields: Fields) -> float | None:
        if fields.document.get(self.name) is None:
            fields.note(
                self.name, "required", gettext("%(name)s is required.") % {"name": self.name}
            )
        return fields.number(self.name, 1, 2**62, integer=True)


class StrictChoiceField(Strict, serializers.ChoiceField):
    """One of the column's choices, which may grow with what is installed."""

    def settle(self) -> None:
        self.standard = self.column.get_default() or ""
        self.absent = "" if self.column.blank else self.standard or ...

    def read(self, fields: Fields) -> str:
        if self.column.blank and fields.document.get(self.name) == "":
            return ""
        choices = [value for value, _ in self.column.flatchoices]
        return fields.choice(self.name, choices, default=self.standard)

    def show(self, row: Model) -> Any:
        """null where it was left blank."""
        return super().show(row) or None


class FlagField(Strict, serializers.BooleanField):
    """true or false."""

    def settle(self) -> None:
        self.absent = self.standard = bool(self.column.get_default())

    def read(self, fields: Fields) -> bool:
        return fields.flag(self.name, default=self.standard)


class _Number(Strict):
    """Whole numbers are shown without a fraction, so that 1 stays 1."""

    integer = False
    absent: Any = 0.0

    def settle(self) -> None:
        self.bounds = next((one for one in self.column.validators if isinstance(one, Bounds)), None)

    def read(self, fields: Fields) -> float | None:
        bounds = self.bounds
        assert bounds is not None
        return fields.number(
            self.name, bounds.low, bounds.high, integer=self.integer, above=bounds.above
        )

    def show(self, row: Model) -> float | None:
        return number(getattr(row, self.column.attname))


class StrictNumberField(_Number, serializers.FloatField):
    """Any number within the column's bounds."""


class WholeNumberField(_Number, serializers.IntegerField):
    """A whole number within the column's bounds."""

    integer = True


class StrictDecimalField(Strict, serializers.DecimalField):
    """An exact number: money is written as a decimal text, and read from a number too."""

    absent = None

    def settle(self) -> None:
        self.bounds = next(one for one in self.column.validators if isinstance(one, Bounds))

    def read(self, fields: Fields) -> Decimal | None:
        name, value = self.name, fields.document.get(self.name)
        if value is None:
            if not self.column.null and not self.column.has_default():
                fields.note(name, "required", gettext("%(name)s is required.") % {"name": name})
            return None
        found = decimal(value)
        if found is None:
            wanted = gettext('a number, or one as a text like "12.50"')
            fields.note(
                name,
                "type",
                gettext("%(name)s must be %(wanted)s, not %(kind_of)s.")
                % {"name": name, "wanted": wanted, "kind_of": kind_of(value)},
            )
            return None
        problem = range_problem(
            name, float(found), self.bounds.low, self.bounds.high, above=self.bounds.above
        )
        if problem is None and found != found.quantize(self._step):
            places = self.decimal_places
            problem = (
                "invalid",
                gettext("%(name)s must have at most %(places)s decimal places.")
                % {"name": name, "places": places},
            )
        if problem:
            fields.note(name, *problem)
            return None
        return found

    def kept(self, value: Any) -> Decimal | None:
        return decimal(value)

    def show(self, row: Model) -> str | None:
        value = super().show(row)
        return None if value is None else plain(value)

    @property
    def _step(self) -> Decimal:
        return Decimal(1).scaleb(-int(self.decimal_places or 0))


class PlaceField(WholeNumberField):
    """A place in an order, where whatever it can not be gets one answer."""

    absent = None

    def read(self, fields: Fields) -> int | None:
        assert self.bounds is not None
        low, high = int(self.bounds.low), int(self.bounds.high)
        value: Any = fields.document.get(self.name)
        if value is None or (type(value) is int and low <= value <= high):
            return value
        message = gettext("%(name)s must be a whole number from %(low)s to %(high)s.") % {
            "name": self.name,
            "low": low,
            "high": f"{high:,}",
        }
        fields.note(self.name, "range", message)
        return None


class MomentField(Strict, serializers.DateTimeField):
    """A point in time with its zone."""

    absent: Any = None

    def read(self, fields: Fields) -> datetime | None:
        value = fields.document.get(self.name)
        found = point_in_time(value)
        if value is not None and found is None:
            name = self.name
            message = gettext(
                "%(name)s must be a date and time with its zone, as 2030-01-31T12:00:00Z."
            ) % {"name": name}
            fields.note(name, "invalid", message)
        return found

    def kept(self, value: Any) -> datetime | None:
        return point_in_time(value)

    def show(self, row: Model) -> str | None:
        return moment(super().show(row))


class StrictDateField(MomentField):
    """A point in time, which has to be there; a date alone is its first moment in UTC."""

    absent = ...

    def read(self, fields: Fields) -> datetime | None:
        name, value = self.name, fields.document.get(self.name)
        found = moment_or_date(value)
        if value is None:
            fields.note(name, "required", gettext("%(name)s is required.") % {"name": name})
        elif found is None:
            message = gettext(
                "%(name)s must be a date, as 2030-01-31, or a time with its zone."
            ) % {"name": name}
            fields.note(name, "invalid", message)
        return found

    def kept(self, value: Any) -> datetime | None:
        return moment_or_date(value)


class StrictNumbersField(Strict, serializers.ListField):
    """A list of numbers."""

    absent = None

    def settle(self) -> None:
        found = [one for one in self.column.validators if isinstance(one, NumbersValidator)]
        self.numbers = found[0]

    def read(self, fields: Fields) -> None:
        name, given, rule = self.name, fields.document.get(self.name), self.numbers
        if given is None:
            return
        if not isinstance(given, list | tuple) or len(given) > rule.most:
            message = gettext("%(name)s must be a list of at most %(most)s numbers.") % {
                "name": name,
                "most": rule.most,
            }
            fields.note(name, "type", message)
            return
        for index, one in enumerate(given):
            alone = Fields({"It": one})
            alone.number("It", rule.low, rule.high)
            path = fields.path(f"{name}[{index}]")
            fields.found += [Problem(path, item.code, item.message) for item in alone.found]

    def kept(self, value: Any) -> list[float]:
        return sorted(set(value))


class WordsField(Strict, serializers.ListField):
    """A list of words out of a closed list; a set where the column asks for at least one."""

    absent = None

    def settle(self) -> None:
        self.words = next(one for one in self.column.validators if isinstance(one, Words))

    def read(self, fields: Fields) -> Any:
        fields.choices(self.name, tuple(self.words.allowed()))
        return fields.document.get(self.name)

    def kept(self, value: Any) -> list[str]:
        return [*value] if self.column.blank else [*dict.fromkeys(value)]


class StrictLinesField(Strict, serializers.ListField):
    """A list of texts."""

    absent = None

    def settle(self) -> None:
        self.lines = next(one for one in self.column.validators if isinstance(one, LinesValidator))

    def read(self, fields: Fields) -> None:
        name, given = self.name, fields.document.get(self.name)
        if given is None:
            return
        if not isinstance(given, list | tuple):
            fields.note(
                name,
                "type",
                gettext("%(name)s must be a list, not %(kind_of)s.")
                % {"name": name, "kind_of": kind_of(given)},
            )
        elif len(given) > self.lines.most:
            message = gettext("%(name)s must have at most %(most)s entries.") % {
                "name": name,
                "most": self.lines.most,
            }
            fields.note(name, "too_many", message)
        else:
            one = name.removesuffix("s")
            for index, text in enumerate(given):
                alone = Fields({one: text})
                alone.text(one, self.lines.limit, required=True)
                path = fields.path(f"{name}[{index}]")
                fields.found += [Problem(path, item.code, item.message) for item in alone.found]

    def kept(self, value: Any) -> list[str]:
        return [*value]
