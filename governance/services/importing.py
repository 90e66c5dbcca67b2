"""Replacing all routing profiles by an imported set, and the rows that stand beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from django.db.models import F, Value
from django.db.models.functions import Concat
from django.utils.translation import gettext

from governance.errors import Conflict, Invalid, check
from governance.models import Provider, RoutingProfile, RoutingTarget
from governance.routing.fields import Problem, kind_of
from governance.serializers import ProfileSerializer
from governance.serializers.profiles import set_problems
from governance.services.change import Change, change
from governance.services.import_sections import (
    MERGE,
    REPLACE,
    Given,
    SectionOutcome,
    sections_in,
)
from governance.services.importing_configuration import Importer
from governance.services.importing_rows import put_rows
from governance.services.profiles import KIND, bound_problems, profile_warnings

BATCH = 500
_WRITTEN = [
    column.name
    for column in RoutingProfile._meta.concrete_fields
    if not column.primary_key and column.name != "created_at"
]


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """What an import did, or would do: ids of the profiles."""

    created: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int
    warnings: tuple[Problem, ...]
    rows: Mapping[str, SectionOutcome] = field(default_factory=dict)
    """What became of groups, limits and so on, where the document had them."""

    @property
    def words(self) -> str:
        profiles = (
            f"Imported routing profiles: {len(self.created)} created, {len(self.changed)} changed, "
            f"{len(self.removed)} removed, {self.unchanged} as before."
        )
        return " ".join([profiles, *(one.words(name) for name, one in self.rows.items())])


def profiles_in(document: object) -> object:
    """The profiles of `{routing_profiles}` or `{plugin: {config: {routing_profiles}}}`.

    None where there are none, and other rows instead. Raises `Invalid` when there is nothing, and
    when there are both.
    """
    if not isinstance(document, dict):
        message = gettext("An import must be an object, not %(kind_of)s.") % {
            "kind_of": kind_of(document)
        }
        raise Invalid(Problem("", "type", message))
    found: list[Any] = []
    if "routing_profiles" in document:
        found.append(document["routing_profiles"])
    inner: Any = document
    for name in ("plugin", "config", "routing_profiles"):
        inner = inner.get(name) if isinstance(inner, dict) else None
    if inner is not None:
        found.append(inner)
    if len(found) == 1:
        if found[0] is None:
            message = gettext("routing_profiles must be a list, not null.")
            raise Invalid(Problem("routing_profiles", "type", message))
        return found[0]
    if not found and sections_in(document):
        return None
    message = gettext(
        "An import holds routing_profiles once, at the top or at plugin.config.routing_profiles."
    )
    raise Invalid(Problem("routing_profiles", "required" if not found else "ambiguous", message))


def import_all(
    documents_in: object,
    importer: Importer,
    *,
    rows: Given = MappingProxyType({}),
    mode: str = REPLACE,
    dry_run: bool = False,
) -> ImportOutcome:
    """Puts this set of profiles in the place of all that are there; None leaves them.

    `rows` are the sections of `import_sections`, which do the same to providers, limits and so on.
    To merge makes or changes what is given, and leaves everything else. Everything is checked
    before anything is written. With `dry_run` nothing is. Raises `Invalid`, with paths that begin
    with `routing_profiles[n]`, `Forbidden` for what the importer may not do, and `Conflict` when a
    profile that API keys are bound to would go.
    """
    with change(importer.who, "import", dry_run=dry_run) as made:
        first, warnings = put_rows(made, rows, importer, early=True, mode=mode)
        outcome = _put_profiles(made, documents_in, mode)
        became, told = put_rows(made, rows, importer, early=False, mode=mode)
        outcome = replace(
            outcome, rows={**first, **became}, warnings=(*outcome.warnings, *warnings, *told)
        )
        made.words = [outcome.words]
    return outcome


def replace_all(
    documents_in: object, *, who: str, rows: Given = MappingProxyType({}), dry_run: bool = False
) -> ImportOutcome:
    """The same for whoever may do everything: a command, a test."""
    return import_all(documents_in, Importer(who), rows=rows, dry_run=dry_run)


def _put_profiles(made: Change, documents_in: object, mode: str) -> ImportOutcome:
    plan = ReplacePlan(made)
    if documents_in is None:
        return ImportOutcome((), (), (), len(plan.left), ())
    locality = dict(Provider.objects.values_list("name", "is_local"))
    if mode == MERGE and isinstance(documents_in, list):
        kept = plan.beside(documents_in)
        found = set_problems([*kept, *documents_in], locality)
        check(one for one in map(_behind(len(kept)), found) if one is not None)
    else:
        check(set_problems(documents_in, locality))
    assert isinstance(documents_in, Sequence)
    for document in documents_in:
        plan.add(document)
    if mode == MERGE:
        plan.keep_the_rest()
    else:
        plan.remove_the_rest()
    outcome = ImportOutcome(
        created=tuple(row.id for row in plan.created),
        changed=tuple(row.id for row in plan.changed),
        removed=tuple(plan.left),
        unchanged=plan.unchanged,
        warnings=tuple(_warnings(documents_in, plan.documents)),
    )
    plan.write()
    return outcome


class ReplacePlan:
    """Which rows come, change and go."""

    def __init__(self, made: Change) -> None:
        self._made = made
        rows = RoutingProfile.objects.prefetch_related("targets")
        self.left = {row.id: row for row in rows}
        self.created: list[RoutingProfile] = []
        self.changed: list[RoutingProfile] = []
        self.unchanged = 0
        self.documents: list[dict[str, Any]] = []

    def beside(self, documents: Sequence[object]) -> list[dict[str, Any]]:
        """What is there of other ids than these have."""
        given = [one.get("id") for one in documents if isinstance(one, Mapping)]
        ids = {one for one in given if isinstance(one, str)}
        return [ProfileSerializer.document(row) for pk, row in self.left.items() if pk not in ids]

    def add(self, document: Mapping[str, Any]) -> None:
        row = self.left.pop(document["id"], None)
        before = None if row is None else ProfileSerializer.document(row)
        if row is None:
            row = RoutingProfile()
        ProfileSerializer.fill(row, document)
        after = ProfileSerializer.document(row)
        self.documents.append(after)
        if not self._made.note(KIND, row.pk, row.name, before, after):
            self.unchanged += 1
            row.draft = None  # a cycle that only the garbage collector would find
            return
        (self.created if before is None else self.changed).append(row)

    def remove_the_rest(self) -> None:
        found = bound_problems(list(self.left))
        if found:
            raise Conflict(found)
        for row in self.left.values():
            self._made.note(KIND, row.pk, row.name, ProfileSerializer.document(row), None)

    def keep_the_rest(self) -> None:
        self.left.clear()

    def write(self) -> None:
        RoutingProfile.objects.filter(pk__in=list(self.left)).delete()
        self._set_names_aside()
        RoutingTarget.objects.filter(profile__in=self.changed).delete()
        # An upsert: `bulk_update` writes a CASE of all rows for every column, five times as slow.
        RoutingProfile.objects.bulk_create(
            self.changed,
            batch_size=BATCH,
            update_conflicts=True,
            unique_fields=("id",),
            update_fields=_WRITTEN,
        )
        RoutingProfile.objects.bulk_create(self.created, batch_size=BATCH)
        RoutingTarget.objects.bulk_create(
            (target for row in self.changed + self.created for target in row.ordered_targets()),
            batch_size=BATCH,
        )

    def _set_names_aside(self) -> None:
        """Two profiles may have swapped names, which the constraints forbid in between."""
        RoutingProfile.objects.filter(pk__in=[row.pk for row in self.changed]).update(
            name=Concat(Value("~"), F("id")), virtual_provider=Concat(Value("~"), F("id"))
        )


def _behind(first: int) -> Callable[[Problem], Problem | None]:
    """Of problems of a list those from a place on, with paths that count from there."""

    def moved(problem: Problem) -> Problem | None:
        place, dot, rest = problem.path.removeprefix("routing_profiles[").partition("]")
        if not dot:
            return problem
        if int(place) < first:
            return None
        return Problem(
            f"routing_profiles[{int(place) - first}]{rest}", problem.code, problem.message
        )

    return moved


def _warnings(given: Sequence[object], written: Sequence[Mapping[str, Any]]) -> list[Problem]:
    return [
        warning.under(f"routing_profiles[{index}]")
        for index, document in enumerate(given)
        for warning in (*ProfileSerializer.unknown(document), *profile_warnings(written[index]))
    ]
