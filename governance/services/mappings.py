"""Writing model mappings."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext

from governance.errors import NotFound, check
from governance.models import ModelMapping
from governance.routing.fields import Problem
from governance.serializers import MappingSerializer
from governance.services.change import Saved, change, merged
from governance.services.versions import Versions, expect

KIND = "model mapping"


def save_mapping(
    document: object,
    *,
    who: str,
    existing: int | None = None,
    partial: bool = False,
    expected: Versions | None = None,
) -> Saved:
    """Creates a mapping, or replaces the `existing` one; `partial` keeps what is not named.

    Raises `Invalid`, `NotFound`, and `StaleVersion` for one of another version than `expected`.
    """
    with change(who, "save") as made:
        row = ModelMapping() if existing is None else find_mapping(existing)
        expect(KIND, row, expected)
        before = None if existing is None else MappingSerializer.document(row)
        if partial and before is not None:
            document = merged(before, document)
        check(save_problems(document, row))
        assert isinstance(document, Mapping)
        MappingSerializer.fill(row, document)
        row.full_clean()
        row.save()
        after = MappingSerializer.document(row)
        made.note(KIND, row.pk, row.pattern, before, after)
        return made.saved(KIND, row, after, MappingSerializer.unknown(document))


def save_problems(document: object, row: ModelMapping) -> list[Problem]:
    """Every rule the document breaks beside what is saved; `row` is the mapping it replaces."""
    others = row.others().values_list("match", "pattern")
    return MappingSerializer.problems(document, others=others)


def delete_mapping(identity: int, *, who: str, expected: Versions | None = None) -> None:
    """Raises `NotFound`, `StaleVersion`."""
    with change(who, "delete") as made:
        row = find_mapping(identity)
        expect(KIND, row, expected)
        made.note(KIND, row.pk, row.pattern, MappingSerializer.document(row), None)
        row.delete()


def find_mapping(identity: int) -> ModelMapping:
    """The mapping of this id. Raises `NotFound`."""
    row = ModelMapping.objects.filter(pk=identity).first()
    if row is None:
        message = gettext("There is no model mapping with the id %(identity)s.") % {
            "identity": identity
        }
        raise NotFound(Problem("", "not_found", message))
    return row
