from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from governance.routing.heuristics import FEATURE_NAMES, OPERATORS
from governance.routing.mappings import MATCHES as MAPPING_MATCHES
from governance.routing.target_rules import PRIORITY_RANGE
from governance.rules.heuristics import MATCHES


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


class RuleSerializer(serializers.Serializer[Any]):
    """Sends requests that name no model to a profile when its conditions hold."""

    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(max_length=200)
    position = serializers.IntegerField(
        required=False, min_value=0, max_value=1_000_000, help_text="The first match wins."
    )
    match = serializers.ChoiceField(choices=MATCHES, required=False)
    conditions = ConditionSerializer(many=True, required=False)
    profile = serializers.CharField(
        max_length=200, help_text="Id, name or virtual provider; it need not exist yet."
    )
    enabled = serializers.BooleanField(required=False)


class RulePatchSerializer(RuleSerializer):
    """The fields to change; the rest stays."""

    name = serializers.CharField(max_length=200, required=False)
    profile = serializers.CharField(max_length=200, required=False)


class OrderSerializer(serializers.Serializer[Any]):
    order = serializers.ListField(
        child=serializers.IntegerField(), help_text="The id of each rule, first to last."
    )


class MappingSerializer(serializers.Serializer[Any]):
    """Turns a model name that clients hard-code into a profile or a provider's model."""

    id = serializers.IntegerField(read_only=True)
    pattern = serializers.CharField(
        max_length=300, help_text="For `regex` RE2 syntax; it must match the whole name."
    )
    match = serializers.ChoiceField(choices=MAPPING_MATCHES, required=False)
    destination = serializers.CharField(
        max_length=300, help_text="`virtual_provider/alias`, `provider/model`, or a profile."
    )
    priority = serializers.IntegerField(
        required=False,
        min_value=PRIORITY_RANGE[0],
        max_value=PRIORITY_RANGE[1],
        help_text="Lower is tried first.",
    )
    enabled = serializers.BooleanField(required=False)


class MappingPatchSerializer(MappingSerializer):
    """The fields to change; the rest stays."""

    pattern = serializers.CharField(max_length=300, required=False)
    destination = serializers.CharField(max_length=300, required=False)
