"""Writing model mappings."""

from __future__ import annotations

from collections.abc import Mapping

from governance import documents
from governance.errors import NotFound, check
from governance.models import ModelMapping
from governance.routing.fields import Problem
from governance.rows import fill_mapping
from governance.rules.mappings import mapping_problems, unknown_mapping_fields
from governance.services.change import change
from governance.services.profiles import Saved

KIND = "model mapping"


def save_mapping(document: object, *, who: str, existing: int | None = None) -> Saved:
    """Creates a mapping or replaces the `existing` one. Raises `Invalid`, `NotFound`."""
    with change(who, "save") as made:
        row = ModelMapping() if existing is None else find_mapping(existing)
        before = None if existing is None else documents.model_mapping(row)
        others = ModelMapping.objects.exclude(pk=row.pk).values_list("match", "pattern")
        check(mapping_problems(document, others=others))
        assert isinstance(document, Mapping)
        fill_mapping(row, document)
        row.full_clean()
        row.save()
        after = documents.model_mapping(row)
        made.note(KIND, row.pk, row.pattern, before, after)
        return Saved(after, tuple(unknown_mapping_fields(document)))


def delete_mapping(identity: int, *, who: str) -> None:
    """Raises `NotFound`."""
    with change(who, "delete") as made:
        row = find_mapping(identity)
        made.note(KIND, row.pk, row.pattern, documents.model_mapping(row), None)
        row.delete()


def find_mapping(identity: int) -> ModelMapping:
    """The mapping of this id. Raises `NotFound`."""
    row = ModelMapping.objects.filter(pk=identity).first()
    if row is None:
        message = f"There is no model mapping with the id {identity}."
        raise NotFound(Problem("", "not_found", message))
    return row
