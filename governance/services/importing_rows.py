"""Writing groups, limits, providers and so on beside the routing profiles of an import.

A section that a document has takes the place of all rows of its kind, or is merged into them; one
that it has not leaves them as they are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, count
from operator import itemgetter
from typing import Any, Final

from django.core.management.color import no_style
from django.db import connection
from django.db.models import CharField, Model, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext

from governance.change_summary import changed
from governance.errors import Conflict, Forbidden, check
from governance.models import Group
from governance.routing.fields import Problem, kind_of
from governance.services.change import Change
from governance.services.import_sections import (
    MERGE,
    REPLACE,
    SECTIONS,
    Given,
    RowSection,
    SectionOutcome,
)
from governance.services.importing_configuration import Importer

MOST: Final = 100_000
"""Rows of a section."""
LARGEST_ID: Final = 2**62
_place: Final = itemgetter(0)
_Wanted = tuple[int, Any, Mapping[str, Any]]
"""A row's place in the document, its primary key or None, and its own document."""

Outcomes = tuple[dict[str, SectionOutcome], list[Problem]]


def put_rows(
    made: Change, given: Given, importer: Importer, *, early: bool, mode: str = REPLACE
) -> Outcomes:
    """Puts the sections that profiles refer to, or the others, in the place of the rows there are,
    or merges them into those; what came of it, and warnings.

    Raises `Invalid`, with paths that begin with `limits[n]`, `Forbidden`, and `Conflict` where
    others need a row that would go; whoever opened the transaction then writes nothing.
    """
    sections = [one for one in SECTIONS if one.name in given and one.early == early]
    plans: dict[str, _SectionPlan] = {}
    if mode == MERGE:
        for section in sections:
            merging = _MergePlan(made, section, given, importer, plans)
            plans[section.name] = merging
            check(merging.found)
            merging.write()
            check(merging.found)
    else:
        for section in sections:
            plans[section.name] = _SectionPlan(made, section, given, importer)
        check(problem for plan in plans.values() for problem in plan.found)
        for plan in reversed(plans.values()):
            plan.remove()
        for plan in plans.values():
            plan.write()
            check(plan.found)
    return (
        {name: plan.outcome for name, plan in plans.items()},
        [warning for plan in plans.values() for warning in plan.warnings],
    )


class _SectionPlan:
    """Which rows of one section come, change and go."""

    def __init__(self, made: Change, section: RowSection, given: Given, importer: Importer) -> None:
        self._made, self.section, self._importer = made, section, importer
        self.outcome = SectionOutcome()
        self.found: list[Problem] = []
        self.warnings: list[Problem] = []
        shape = section.rows.serializer
        self._held = {row.pk: row for row in section.model.objects.all()}
        self._before = {pk: shape.document(row) for pk, row in self._held.items()}
        self._wanted: list[_Wanted] = []
        self._read(given[section.name])

    def remove(self) -> None:
        """The rows that the document has not, those that others need last."""
        if not self.section.complete:
            return
        kept = {pk for _, pk, _ in self._wanted}
        for row in _deepest_first([row for pk, row in self._held.items() if pk not in kept]):
            if not self.section.model.objects.filter(pk=row.pk).exists():
                continue
            self.outcome.removed.append(row.pk)
            self.outcome.names[row.pk] = str(row)
            self.section.hooks.permit_removal(row, self._importer)
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
            if pk in self._held and self._is_as_held(pk, document):
                self.outcome.unchanged += 1
                continue
            explicit = explicit or (pk is not None and pk not in self._held)
            self._put(f"{self.section.name}[{place}]", pk, document)
        if explicit:
            _past_explicit_ids(self.section.model)
        self.section.hooks.done(self._made)

    def _put(self, path: str, pk: Any, document: Mapping[str, Any]) -> None:
        rows, hooks = self.section.rows, self.section.hooks
        held = self._held.get(pk)
        if held is None and not self.section.complete:
            message = gettext("It is left out: an import makes none, since no document has it all.")
            self.warnings.append(Problem(path, "left_out", message))
            return
        row = held if held is not None else rows.model(**({} if pk is None else {"pk": pk}))
        brought = hooks.bring(document, row)
        document = brought.document
        self.warnings += [one.under(path) for one in brought.warnings]
        problems = rows.problems(document, row)
        if problems:
            self.found += [one.under(path) for one in problems]
            return
        try:
            hooks.permit(document, row, self._importer)
        except Forbidden as error:
            raise Forbidden(one.under(path) for one in error.problems) from None
        rows.serializer.fill(row, document)
        hooks.filled(self._made, row, document)
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
        if before is not None:
            self.outcome.details[row.pk] = changed(before, after, rows.secrets(document))
        unknown = rows.serializer.unknown(document)
        self.warnings += [one.under(path) for one in unknown]

    def _is_as_held(self, pk: Any, document: Mapping[str, Any]) -> bool:
        if document == self._exported(pk):
            return True
        saved = self._as_saved(document)
        return self.section.fixed and self._nature(saved) == self._nature(self._before[pk])

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
            else:
                pk, document = self._meant(pk, document, by_nature)
            if pk is not None and pk in taken:
                message = gettext("Two of %(name)s have the id %(pk)s.") % {"name": name, "pk": pk}
                self.found.append(Problem(f"{path}.id", "unique", message))
                continue
            taken.add(pk)
            self._wanted.append((place, pk, document))

    def _meant(
        self, pk: Any, document: Mapping[str, Any], by_nature: Mapping[str, Any]
    ) -> tuple[Any, Mapping[str, Any]]:
        """The row that a document with an id is for, and the document as it is then."""
        return pk, document

    def _id_problem(self, pk: object) -> tuple[str, str] | None:
        if self.section.named_by_text:
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
        if self.section.flag:
            rows.update(**{self.section.flag: False})


class _MergePlan(_SectionPlan):
    """The rows of one section beside those there are.

    Ids that are numbers mean something else in another installation, so rows are told apart by
    what they say: by their name, for instance.
    """

    def __init__(
        self,
        made: Change,
        section: RowSection,
        given: Given,
        importer: Importer,
        before: Mapping[str, _SectionPlan],
    ) -> None:
        self.moved: dict[Any, Any] = {}
        """The ids that rows have here, by those they have in the document."""
        documents = given[section.name]
        if isinstance(documents, list):
            documents = [_referring(one, section, before) for one in documents]
        self._largest = max(_ids_in(documents), default=0)
        self._free: Iterator[int] | None = None
        super().__init__(made, section, {section.name: documents}, importer)

    def remove(self) -> None:
        """Nothing goes."""

    def _meant(
        self, pk: Any, document: Mapping[str, Any], by_nature: Mapping[str, Any]
    ) -> tuple[Any, Mapping[str, Any]]:
        if self.section.named_by_text:
            return pk, document
        same = by_nature.get(self._nature(self._as_saved(document)))
        if same is None and pk not in self._held:
            return pk, document
        if same is None:
            same = self._next_id()
        self.moved[pk] = same
        return same, {**document, "id": same}

    def _next_id(self) -> int:
        """One that no row has, here or in the document."""
        if self._free is None:
            self._free = count(max([self._largest, *self._held]) + 1)
        return next(self._free)


def _referring(document: object, section: RowSection, before: Mapping[str, _SectionPlan]) -> object:
    """The document with the ids that rows it refers to have here."""
    if not isinstance(document, Mapping):
        return document
    here = dict(document)
    for name, other in section.refers.items():
        plan, given = before.get(other), document.get(name)
        if isinstance(plan, _MergePlan) and isinstance(given, int):
            here[name] = plan.moved.get(given, given)
    return here


def _ids_in(documents: object) -> Iterable[int]:
    rows = documents if isinstance(documents, list) else ()
    for one in rows:
        pk = one.get("id") if isinstance(one, Mapping) else None
        if type(pk) is int and pk <= LARGEST_ID:
            yield pk


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
