"""The one base of all serializers: a ModelSerializer that reads JSON as it is written.

`null` means absent, nothing is coerced ("1" is no number), every problem is collected with the
place it stands at, fields nobody knows are warned of, and numbers come back as they were written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from types import MappingProxyType
from typing import Any, ClassVar, Final, Self

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Model
from django.utils.translation import gettext
from rest_framework import serializers

from governance.models.validators import Bounds, LinesValidator, NumbersValidator, Words
from governance.routing.fields import Fields, Problem, kind_of
from governance.serializers import fields as strict

VERSION: Final = "version"
"""Beside the document in answers, and no part of it: exports and revisions hold none."""

NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(slots=True)
class Reading(Fields):
    """A document while it is read: what was usable of it, and what stands beside it."""

    values: dict[str, Any] = field(default_factory=dict)
    beside: Mapping[str, Any] = field(default_factory=dict)


Rule = Callable[[Reading], Iterable[Problem]]


class StrictSerializer(serializers.ModelSerializer[Any]):
    """Subclasses say what JSON adds to the model's columns, and which rules apply where.

    The fields are the columns that may be edited, in the model's order, the read-only ones that
    `Meta` names, and the declared ones, each behind the field that `placed` names.
    """

    noun: ClassVar[str]
    """As a message begins: `A routing profile`."""
    placed: ClassVar[Mapping[str, str]] = NOTHING
    check_after: ClassVar[Mapping[str, str]] = NOTHING
    """Fields that are read later than they stand, each by the one it is read after."""
    columns: ClassVar[Mapping[str, str]] = NOTHING
    """The columns that documents call otherwise, by their name there."""
    shows_version: ClassVar[bool] = False
    quiet: ClassVar[frozenset[str]] = frozenset()
    """Fields that an export leaves out while they hold their default: relatives of this service
    need not know them, and exports of releases before they were there stay as they were."""
    rules: ClassVar[Mapping[str, Rule]] = NOTHING
    """Rules between fields, by the field after which they are asked."""

    @classmethod
    @cache
    def shape(cls) -> Self:
        """One serializer of this class for everything that needs no instance of its own."""
        return cls()

    @classmethod
    def problems(cls, document: object, path: str = "", **beside: Any) -> list[Problem]:
        """Every rule that the document, any JSON value, breaks; empty when it may be saved.

        `beside` is what the rules between rows look at.
        """
        if not isinstance(document, Mapping):
            message = gettext("%(noun)s must be an object, not %(kind_of)s.") % {
                "noun": cls.noun,
                "kind_of": kind_of(document),
            }
            return [Problem(path, "type", message)]
        reading = Reading(document, path, beside=beside)
        get, values = document.get, reading.values
        for name, one, rule, absent in cls.shape().readers:
            values[name] = absent if get(name) is None and absent is not ... else one.read(reading)
            if rule is not None:
                reading.found += [
                    problem.under(path) if path else problem for problem in rule(reading)
                ]
        return reading.found

    @classmethod
    def unknown(cls, document: object, path: str = "") -> list[Problem]:
        """A warning for each field that this service does not know.

        Such fields have no effect and are not kept; saying so is better than losing them in
        silence.
        """
        if not isinstance(document, Mapping):
            return []
        reading = Fields(document, path)
        reading.unknown(cls.shape().names, cls.noun)
        return reading.found

    @classmethod
    def fill(cls, row: Any, document: Mapping[str, Any]) -> None:
        """Puts a document that keeps the rules into an unsaved row; absent means the default."""
        for _, one, _ in cls.shape().steps:
            one.fill_from(row, document)

    @classmethod
    def document(cls, row: Any) -> dict[str, Any]:
        """The row as the API shows it."""
        return {name: show(row) for name, show in cls.shape().shown}

    @classmethod
    def answer(cls, row: Any) -> dict[str, Any]:
        """The document as the REST API answers with it."""
        return cls.versioned(cls.document(row), row.changed_in)

    @classmethod
    def versioned(cls, document: dict[str, Any], version: int) -> dict[str, Any]:
        """The document with its version, where the API shows that beside the `ETag` too."""
        return {**document, VERSION: version} if cls.shows_version else document

    @classmethod
    def exported(cls, row: Any) -> dict[str, Any]:
        """The row as exports have it."""
        return cls.without_quiet(cls.document(row))

    @classmethod
    def without_quiet(cls, document: dict[str, Any]) -> dict[str, Any]:
        """The document without those of the `quiet` fields that hold their default."""
        return {
            name: value
            for name, value in document.items()
            if name not in cls.quiet or value != cls._default(name)
        }

    @classmethod
    def _default(cls, name: str) -> Any:
        """What the field holds where nothing was said; a part of the row that need not be there
        is not."""
        if isinstance(cls.shape().fields[name], StrictSerializer):
            return None
        meta: Any = cls.Meta
        return meta.model._meta.get_field(cls.columns.get(name, name)).get_default()

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset(self.fields) | ({VERSION} if self.shows_version else set())

    @cached_property
    def steps(self) -> list[tuple[str, Any, Rule | None]]:
        """The fields that can be written, in the order they are read, and the rule behind each."""
        names = [name for name, one in self.fields.items() if not one.read_only]
        for name, other in self.check_after.items():
            names.remove(name)
            names.insert(names.index(other) + 1, name)
        return [(name, self.fields[name], self.rules.get(name)) for name in names]

    @cached_property
    def readers(self) -> list[tuple[str, Any, Rule | None, Any]]:
        """The steps with what an absent value stands for; `...` where reading finds that out."""
        return [(name, one, rule, getattr(one, "absent", ...)) for name, one, rule in self.steps]

    @cached_property
    def shown(self) -> list[tuple[str, Callable[[Any], Any]]]:
        return [
            (name, one.shown_by() if isinstance(one, strict.Strict) else _shown_by(one))
            for name, one in self.fields.items()
            if not one.write_only
        ]

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        found = self.problems(data, **self.context)
        if found:
            errors: dict[str, Any] = {}
            for one in found:
                detail = serializers.ErrorDetail(one.message, one.code)
                errors.setdefault(one.path or "non_field_errors", []).append(detail)
            raise serializers.ValidationError(errors)
        return {name: data[name] for name, _, _ in self.steps if data.get(name) is not None}

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return self.document(instance)

    def get_validators(self) -> list[Any]:
        """None: uniqueness is a rule like the others."""
        return []

    def get_uniqueness_extra_kwargs(
        self, field_names: Any, declared_fields: Any, extra_kwargs: Any
    ) -> Any:
        return extra_kwargs, {}

    def get_field_names(self, declared_fields: Mapping[str, Any], info: Any) -> list[str]:
        meta: Any = self.Meta
        if hasattr(meta, "fields"):
            return list(meta.fields)
        hidden = set(getattr(meta, "exclude", ()))
        shown = set(getattr(meta, "read_only_fields", ()))
        names = [
            column.name
            for column in meta.model._meta.concrete_fields
            if (column.editable or column.name in shown) and column.name not in hidden
        ]
        for name in declared_fields:
            if name not in names:
                behind = self.placed.get(name)
                names.insert(names.index(behind) + 1 if behind else len(names), name)
        return names

    def build_field(
        self, field_name: str, info: Any, model_class: type[Model], nested_depth: int
    ) -> tuple[type[serializers.Field[Any, Any, Any, Any]], dict[str, Any]]:
        column = model_class._meta.get_field(self.columns.get(field_name, field_name))
        return column_field(column)  # type: ignore[arg-type]  # the stubs want a concrete column


def _shown_by(one: Any) -> Callable[[Any], Any]:
    return getattr(one, "show", None) or one.get_attribute  # type: ignore[no-any-return]


def column_field(
    column: models.Field[Any, Any],
) -> tuple[type[serializers.Field[Any, Any, Any, Any]], dict[str, Any]]:
    """The field that reads and shows a column, and what it takes from it."""
    optional = column.has_default() or column.blank or column.null
    options: dict[str, Any] = {"required": not optional, "help_text": column.help_text or None}
    if column.null and not column.is_relation:
        options["allow_null"] = True
    if isinstance(column, models.ForeignKey) and isinstance(
        column.target_field, models.BigAutoField
    ):
        return strict.NumberReferenceField, options
    if column.is_relation:
        options |= {"max_length": 100, "allow_blank": True}
        return strict.ReferenceField, options
    if isinstance(column, models.JSONField):
        return _list_field(column, options)
    if column.choices is not None:
        if column.blank:
            options |= {"allow_null": True, "allow_blank": True}
        return strict.StrictChoiceField, {
            **options,
            "choices": [one for one, _ in column.flatchoices],
        }
    if isinstance(column, models.CharField | models.TextField):
        patterns = [one for one in column.validators if isinstance(one, RegexValidator)]
        options |= {"max_length": column.max_length, "allow_blank": column.blank}
        options["validators"] = patterns
        prose = isinstance(column, models.TextField)
        return (strict.StrictProseField if prose else strict.StrictTextField), options
    if isinstance(column, models.DecimalField):
        digits = {"max_digits": column.max_digits, "decimal_places": column.decimal_places}
        return strict.StrictDecimalField, {**options, **digits}
    if isinstance(column, models.FloatField | models.IntegerField):
        return _number_field(column, options)
    simple = models.BooleanField, models.DateTimeField
    assert isinstance(column, simple), f"no strict field reads {column!r}"
    is_flag = isinstance(column, models.BooleanField)
    return (strict.FlagField if is_flag else strict.MomentField), options


def _list_field(column: Any, options: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    options["required"] = not column.blank
    for one in column.validators:
        if isinstance(one, Words):
            child: Any = serializers.ChoiceField(choices=[*one.allowed()])
            return strict.WordsField, {**options, "child": child, "allow_empty": column.blank}
        if isinstance(one, LinesValidator):
            child = serializers.CharField(max_length=one.limit)
            return strict.StrictLinesField, {**options, "child": child, "max_length": one.most}
        if isinstance(one, NumbersValidator):
            child = serializers.FloatField(min_value=one.low, max_value=one.high)
            return strict.StrictNumbersField, {**options, "child": child, "max_length": one.most}
    raise AssertionError(f"{column!r} says nothing about the items of its list")


def _number_field(column: Any, options: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    for one in column.validators:
        if isinstance(one, Bounds):
            options["max_value"] = one.high
            if not one.above:
                options["min_value"] = one.low
    if isinstance(column, models.PositiveIntegerField):
        return strict.PlaceField, options
    whole = isinstance(column, models.IntegerField)
    return (strict.WholeNumberField if whole else strict.StrictNumberField), options
