"""Replacing all routing profiles by an imported set, and the rows that stand beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from governance.services.importing_rows import Given, SectionOutcome, replace_rows, sections_in
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


def replace_all(
    documents_in: object, *, who: str, rows: Given = MappingProxyType({}), dry_run: bool = False
) -> ImportOutcome:
    """Puts this set of profiles in the place of all that are there; None leaves them.

    `rows` are the sections of `importing_rows`, which do the same to groups, limits and so on.
    Everything is checked before anything is written. With `dry_run` nothing is. Raises `Invalid`,
    with paths that begin with `routing_profiles[n]`, and `Conflict` when a profile that API keys
    are bound to would go.
    """
    with change(who, "import", dry_run=dry_run) as made:
        outcome = _replace_profiles(made, documents_in)
        if rows:
            became, warnings = replace_rows(made, rows)
            told = (*outcome.warnings, *warnings)
            outcome = replace(outcome, rows=became, warnings=told)
        made.words = [outcome.words]
    return outcome


def _replace_profiles(made: Change, documents_in: object) -> ImportOutcome:
    plan = ReplacePlan(made)
    if documents_in is None:
        return ImportOutcome((), (), (), len(plan.left), ())
    locality = dict(Provider.objects.values_list("name", "is_local"))
    check(set_problems(documents_in, locality))
    assert isinstance(documents_in, Sequence)
    for document in documents_in:
        plan.add(document)
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


def _warnings(given: Sequence[object], written: Sequence[Mapping[str, Any]]) -> list[Problem]:
    return [
        warning.under(f"routing_profiles[{index}]")
        for index, document in enumerate(given)
        for warning in (*ProfileSerializer.unknown(document), *profile_warnings(written[index]))
    ]
