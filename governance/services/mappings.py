"""Writing model mappings."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext

from governance.errors import NotFound
from governance.models import ModelMapping
from governance.routing.fields import Problem
from governance.serializers import MappingSerializer
from governance.services.plain_rows import Identity, PlainRows

KIND = "model mapping"


def save_problems(document: object, row: ModelMapping) -> list[Problem]:
    """Every rule the document breaks beside what is saved; `row` is the mapping it replaces."""
    others = row.others().values_list("match", "pattern")
    return MappingSerializer.problems(document, others=others)


@dataclass(frozen=True, slots=True)
class _Mappings(PlainRows[ModelMapping]):
    """Their ids are numbers, which stand in a sentence as they are."""

    def find(self, identity: Identity) -> ModelMapping:
        """The mapping of this id. Raises `NotFound`."""
        row = ModelMapping.objects.filter(pk=identity).first()
        if row is None:
            message = gettext("There is no model mapping with the id %(identity)s.") % {
                "identity": identity
            }
            raise NotFound(Problem("", "not_found", message))
        return row


MAPPINGS = _Mappings(KIND, ModelMapping, MappingSerializer, save_problems)
save_mapping, delete_mapping, find_mapping = MAPPINGS.save, MAPPINGS.delete, MAPPINGS.find
