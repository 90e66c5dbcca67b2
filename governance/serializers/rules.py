from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from governance.models import HeuristicRule
from governance.routing.condition_rules import CONDITION_FIELDS, conditions_problems
from governance.routing.fields import Problem
from governance.routing.heuristics import FEATURE_NAMES, OPERATORS
from governance.routing.rules import rule_problems
from governance.serializers.fields import Strict
from governance.serializers.strict import Reading, StrictSerializer


@extend_schema_field(
    {
        "oneOf": [
            {"type": "number"},
            {"type": "boolean"},
            {"type": "array", "items": {"type": "string"}},
        ]
    }
)
class ConditionValueField(serializers.JSONField):
    """A number, a boolean or a list of keywords, as the feature wants it."""


class ConditionSerializer(serializers.Serializer[Any]):
    feature = serializers.ChoiceField(choices=FEATURE_NAMES)
    operator = serializers.ChoiceField(choices=OPERATORS)
    value = ConditionValueField()


class StrictConditionsField(Strict, serializers.ListSerializer[Any]):
    """Conditions, kept with their three fields in their order, whatever order they came in."""

    def read(self, reading: Reading) -> None:  # type: ignore[override]  # a document in place of a value
        reading.found += conditions_problems(reading.document.get(self.name))

    def kept(self, value: Any) -> list[dict[str, Any]]:
        return [{name: one[name] for name in CONDITION_FIELDS} for one in value]


def _name(reading: Reading) -> Iterable[Problem]:
    return rule_problems(reading.values, others=reading.beside.get("others", ()))


class RuleSerializer(StrictSerializer):
    """Sends requests that name no model to a profile when its conditions hold."""

    noun = "A heuristic rule"
    check_after = {"profile": "name", "conditions": "enabled", "position": "conditions"}
    rules = {"name": _name}

    conditions = StrictConditionsField(child=ConditionSerializer(), required=False)

    class Meta:
        model = HeuristicRule
        read_only_fields = ("id",)
