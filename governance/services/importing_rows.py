"""Groups, limits, extra amounts, prices and alerts beside the routing profiles of an import.

A section that a document has takes the place of all rows of its kind; one that it has not leaves
them as they are. Rows are told apart by their ids, so that what was exported here or elsewhere
can be imported as often as one likes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter
from typing import Any, Final

from django.core.management.color import no_style
from django.db import connection
from django.db.models import CharField, Model, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext

from governance.errors import Conflict, Invalid, check
from governance.models import Group
from governance.routing.fields import Problem, kind_of
from governance.services.alerts import ALERTS
from governance.services.budgets import GRANTS, GROUPS, LIMITS, PRICES
from governance.services.change import Change
from governance.services.plain_rows import PlainRows

MOST: Final = 100_000
"""Rows of a section."""
LARGEST_ID: Final = 2**62
_place: Final = itemgetter(0)
_Wanted = tuple[int, Any, Mapping[str, Any]]
"""A row's place in the document, its primary key or None, and its own document."""


@dataclass(frozen=True, slots=True)
class RowSection:
    """One kind of row in a document."""

    name: str
    rows: PlainRows[Any]
    natural: tuple[str, ...]
    """The fields by which a document without an id finds its row."""
    aside: str = ""
    """A text that no two rows may share."""

    @property
    def model(self) -> Any:
        return self.rows.model

    def permissions(self, *verbs: str) -> list[str]:
        """Django's, of what may be done to these rows."""
        meta = self.model._meta
        return [f"{meta.app_label}.{verb}_{meta.model_name}" for verb in verbs]


SECTIONS: Final = (
    RowSection("groups", GROUPS, ("name",), "name"),
    RowSection("limits", LIMITS, ("name", "subject")),
    RowSection("grants", GRANTS, ("limit", "amount", "from", "windows")),
    RowSection("prices", PRICES, ("provider", "model", "valid_from"), "model"),
    RowSection("alerts", ALERTS, ("name",), "name"),
)
"""In the order in which they refer to one another."""

Given = Mapping[str, object]
"""Sections of a document by name."""


@dataclass(slots=True)
class SectionOutcome:
    """What became of the rows of one section: their ids."""

    created: list[Any] = field(default_factory=list)
    changed: list[Any] = field(default_factory=list)
    removed: list[Any] = field(default_factory=list)
    unchanged: int = 0
    names: dict[Any, str] = field(default_factory=dict)
    """What those that are another now are called, or were."""

    @property
    def changes(self) -> bool:
        return bool(self.created or self.changed or self.removed)

    def words(self, name: str) -> str:
        return (
            f"Imported {name}: {len(self.created)} created, {len(self.changed)} changed, "
            f"{len(self.removed)} removed, {self.unchanged} as before."
        )


def exported_rows(may_view: Callable[[Sequence[str]], bool]) -> dict[str, list[dict[str, Any]]]:
    """The sections that have rows which the caller may see."""
    found = {}
    for section in SECTIONS:
        if may_view(section.permissions("view")):
            shape = section.rows.serializer
            documents = [shape.exported(row) for row in section.model.objects.order_by("pk")]
            if documents:
                found[section.name] = documents
    return found


def sections_in(document: object) -> dict[str, object]:
    """The sections of a document, at its top or beside its routing profiles.

    Raises `Invalid` where one stands in both places.
    """
    inner: Any = document
    for name in ("plugin", "config"):
        inner = inner.get(name) if isinstance(inner, dict) else None
    places = [one for one in (document, inner) if isinstance(one, dict)]
    found: dict[str, object] = {}
    for section in SECTIONS:
        given = [one[section.name] for one in places if one.get(section.name) is not None]
        if len(given) > 1:
            message = gettext("An import holds %(name)s once.") % {"name": section.name}
            raise Invalid(Problem(section.name, "ambiguous", message))
        if given:
            found[section.name] = given[0]
    return found


def lacking_rights(given: Given, may: Callable[[Sequence[str]], bool]) -> list[Problem]:
    """A problem for each section whose rows the caller may not replace."""
    return [
        Problem(
            section.name,
            "forbidden",
            gettext("You may not replace %(name)s.") % {"name": section.name},
        )
        for section in SECTIONS
        if section.name in given and not may(section.permissions("add", "change", "delete"))
    ]


def replace_rows(made: Change, given: Given) -> tuple[dict[str, SectionOutcome], list[Problem]]:
    """Puts each section in the place of the rows there are; what came of it, and warnings.

    Raises `Invalid`, with paths that begin with `limits[n]`, and `Conflict` where others need a
    row that would go; whoever opened the transaction then writes nothing.
    """
    plans = [_SectionPlan(made, one, given[one.name]) for one in SECTIONS if one.name in given]
    check(problem for plan in plans for problem in plan.found)
    for plan in reversed(plans):
        plan.remove()
    for plan in plans:
        plan.write()
        check(plan.found)
    return (
        {plan.section.name: plan.outcome for plan in plans},
        [warning for plan in plans for warning in plan.warnings],
    )


class _SectionPlan:
    """Which rows of one section come, change and go."""

    def __init__(self, made: Change, section: RowSection, given: object) -> None:
        self._made, self.section = made, section
        self.outcome = SectionOutcome()
        self.found: list[Problem] = []
        self.warnings: list[Problem] = []
        shape = section.rows.serializer
        self._held = {row.pk: row for row in section.model.objects.all()}
        self._before = {pk: shape.document(row) for pk, row in self._held.items()}
        self._wanted: list[_Wanted] = []
        self._read(given)

    def remove(self) -> None:
        """The rows that the document has not, those that others need last."""
        kept = {pk for _, pk, _ in self._wanted}
        for row in _deepest_first([row for pk, row in self._held.items() if pk not in kept]):
            if not self.section.model.objects.filter(pk=row.pk).exists():
                continue
            self.outcome.removed.append(row.pk)
            self.outcome.names[row.pk] = str(row)
            try:
                self.section.rows.remove(self._made, row)
            except Conflict as error:
                raise Conflict(one.under(self.section.name) for one in error.problems) from None

    def write(self) -> None:
        # Some may have gone along with what they belonged to.
        there = set(self.section.model.objects.values_list("pk", flat=True))
        self._held = {pk: row for pk, row in self._held.items() if pk in there}
        self._set_aside()
        explicit = False
        for place, pk, document in parents_first(self._wanted):
            if pk in self._held and document == self._exported(pk):
                self.outcome.unchanged += 1
                continue
            explicit = explicit or (pk is not None and pk not in self._held)
            self._put(f"{self.section.name}[{place}]", pk, document)
        if explicit:
            _past_explicit_ids(self.section.model)

    def _put(self, path: str, pk: Any, document: Mapping[str, Any]) -> None:
        rows = self.section.rows
        held = self._held.get(pk)
        row = held if held is not None else rows.model(**({} if pk is None else {"pk": pk}))
        document = self._without_lost_secrets(path, document, row)
        problems = rows.problems(document, row)
        if problems:
            self.found += [one.under(path) for one in problems]
            return
        rows.serializer.fill(row, document)
        row.full_clean(exclude=() if held is not None else (row._meta.pk.name,))
        row.save(force_insert=held is None)
        row = rows.find(row.pk)
        after = rows.serializer.document(row)
        before = None if held is None else self._before.get(row.pk)
        noted = self._made.note(rows.kind, row.pk, str(row), before, after, rows.secrets(document))
        if not noted:
            self.outcome.unchanged += 1
            return
        (self.outcome.created if before is None else self.outcome.changed).append(row.pk)
        self.outcome.names[row.pk] = str(row)
        unknown = rows.serializer.unknown(document)
        self.warnings += [one.under(path) for one in unknown]

    def _without_lost_secrets(
        self, path: str, document: Mapping[str, Any], row: Model
    ) -> Mapping[str, Any]:
        """An address that was exported without its secret part can not be brought back."""
        for one in self.section.rows.problems(document, row):
            if one.code == "unknown_url":
                message = gettext("Its webhook can not be brought back: set it anew.")
                self.warnings.append(Problem(f"{path}.{one.path}", "secret_lost", message))
                document = {**document, one.path: ""}
        return document

    def _exported(self, pk: Any) -> Mapping[str, Any]:
        return self.section.rows.serializer.without_quiet(self._before[pk])

    def _read(self, given: object) -> None:
        name = self.section.name
        if not isinstance(given, list) or len(given) > MOST:
            message = gettext(
                "%(name)s must be a list of at most %(most)s objects, not %(kind_of)s."
            ) % {"name": name, "most": f"{MOST:,}", "kind_of": kind_of(given)}
            self.found.append(Problem(name, "type", message))
            return
        by_nature = {self._nature(one): pk for pk, one in self._before.items()}
        taken: set[Any] = set()
        for place, document in enumerate(given):
            path = f"{name}[{place}]"
            if not isinstance(document, Mapping):
                self.found += self.section.rows.serializer.problems(document, path)
                continue
            pk = document.get("id")
            if pk is None:
                pk = by_nature.get(self._nature(self._as_saved(document)))
            elif problem := self._id_problem(pk):
                self.found.append(Problem(f"{path}.id", *problem))
                continue
            if pk is not None and pk in taken:
                message = gettext("Two of %(name)s have the id %(pk)s.") % {"name": name, "pk": pk}
                self.found.append(Problem(f"{path}.id", "unique", message))
                continue
            taken.add(pk)
            self._wanted.append((place, pk, document))

    def _id_problem(self, pk: object) -> tuple[str, str] | None:
        if self.section.model is Group:
            sound = isinstance(pk, str) and 0 < len(pk) <= 100 and pk.isprintable()
            return (
                None
                if sound
                else ("invalid", gettext("id must be a text of at most 100 characters."))
            )
        sound = type(pk) is int and 0 < pk <= LARGEST_ID
        return None if sound else ("invalid", gettext("id must be a whole number above 0."))

    def _as_saved(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """The document as it would be shown; as it is where it breaks rules."""
        shape = self.section.rows.serializer
        if shape.problems(document):
            return document
        row = self.section.model()
        shape.fill(row, document)
        return shape.document(row)

    def _nature(self, document: Mapping[str, Any]) -> str:
        return repr([document.get(one) for one in self.section.natural]).casefold()

    def _set_aside(self) -> None:
        """Two rows may have swapped what is unique, which the constraints forbid in between."""
        if not self.section.aside:
            return
        changing = [
            pk
            for _, pk, document in self._wanted
            if pk in self._held and document != self._exported(pk)
        ]
        rows = self.section.model.objects.filter(pk__in=changing)
        rows.update(**{self.section.aside: Concat(Value("~"), Cast("pk", CharField()))})


def parents_first(wanted: Sequence[_Wanted]) -> Iterator[_Wanted]:
    """Groups behind those they stand below; everything else in its order."""
    ids = {pk for _, pk, _ in wanted}
    level: list[_Wanted] = []
    below: defaultdict[Any, list[_Wanted]] = defaultdict(list)
    for one in wanted:
        parent = one[2].get("parent")
        # What is no text is told of by the rules.
        inner = bool(parent) and isinstance(parent, str) and parent in ids
        (below[parent] if inner else level).append(one)
    while level:
        yield from level
        level = sorted(chain.from_iterable(below.pop(pk, ()) for _, pk, _ in level), key=_place)
    # Those that are left stand in a circle, which the rules tell of.
    yield from sorted(chain.from_iterable(below.values()), key=_place)


def _deepest_first(rows: list[Any]) -> list[Any]:
    """Groups before those that they stand below."""
    if not rows or not isinstance(rows[0], Group):
        return rows
    parents = dict(Group.objects.order_by().values_list("pk", "parent_id"))

    def depth(identity: str | None) -> int:
        found, seen = 0, set[str]()
        while identity and identity not in seen:
            seen.add(identity)
            identity, found = parents.get(identity), found + 1
        return found

    return sorted(rows, key=lambda row: -depth(row.pk))


def _past_explicit_ids(model: type[Model]) -> None:
    """The next row gets an id of its own, where the database counts apart from the rows."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [model]):
            cursor.execute(statement)
