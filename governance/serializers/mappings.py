from __future__ import annotations

from collections.abc import Iterable

from governance.models import ModelMapping
from governance.regex import complaint
from governance.routing.fields import Problem
from governance.routing.rules import mapping_problems
from governance.serializers.strict import Reading, StrictSerializer


def _pattern(reading: Reading) -> Iterable[Problem]:
    others = reading.beside.get("others", ())
    return mapping_problems(reading.values, others=others, complaint=complaint)


class MappingSerializer(StrictSerializer):
    """Turns a model name that clients hard-code into a profile or a provider's model."""

    noun = "A model mapping"
    rules = {"enabled": _pattern}

    class Meta:
        model = ModelMapping
        read_only_fields = ("id",)
