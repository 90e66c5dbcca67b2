from __future__ import annotations

from typing import Any

from rest_framework import serializers

from governance.api.serializers.common import WarningSerializer
from governance.serializers import (
    AlertSerializer,
    GrantSerializer,
    GroupSerializer,
    LimitSerializer,
    ModelPriceSerializer,
    ProfileSerializer,
)


def _as_shown(path: str, more: str = "") -> serializers.ListField:
    """Rows whose schema stands at a path of their own."""
    words = f"As `GET {path}` shows them. {more}".strip()
    return serializers.ListField(child=serializers.DictField(), required=False, help_text=words)


class RowSectionsSerializer(serializers.Serializer[Any]):
    """What may stand beside routing profiles: a list that is there replaces all of its kind, or is
    merged into them."""

    groups = GroupSerializer(many=True, required=False)
    limits = LimitSerializer(many=True, required=False)
    grants = GrantSerializer(many=True, required=False)
    prices = ModelPriceSerializer(many=True, required=False)
    alerts = AlertSerializer(many=True, required=False)
    providers = _as_shown("providers")
    heuristic_rules = _as_shown("heuristic-rules")
    model_mappings = _as_shown("model-mappings")
    key_allowances = _as_shown("key-allowances")
    api_keys = _as_shown("keys", "None is made or removed.")


class PluginConfigSerializer(RowSectionsSerializer):
    routing_profiles = ProfileSerializer(many=True)


class PluginSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(required=False)
    enabled = serializers.BooleanField(required=False)
    config = PluginConfigSerializer()


class ExportSerializer(serializers.Serializer[Any]):
    """All routing profiles, as import takes them."""

    plugin = PluginSerializer()


class ImportSerializer(RowSectionsSerializer):
    """Either of the two."""

    routing_profiles = ProfileSerializer(many=True, required=False)
    plugin = PluginSerializer(required=False)


class SectionOutcomeSerializer(serializers.Serializer[Any]):
    """What became of the rows of one kind: their ids."""

    created = serializers.ListField()
    changed = serializers.ListField()
    removed = serializers.ListField()
    unchanged = serializers.IntegerField()


class OutcomeSerializer(serializers.Serializer[Any]):
    """What the import did, or would do: ids of profiles."""

    created = serializers.ListField(child=serializers.CharField())
    changed = serializers.ListField(child=serializers.CharField())
    removed = serializers.ListField(child=serializers.CharField())
    unchanged = serializers.IntegerField(help_text="How many stayed as they were.")
    groups = SectionOutcomeSerializer(required=False)
    limits = SectionOutcomeSerializer(required=False)
    grants = SectionOutcomeSerializer(required=False)
    prices = SectionOutcomeSerializer(required=False)
    alerts = SectionOutcomeSerializer(required=False)
    providers = SectionOutcomeSerializer(required=False)
    heuristic_rules = SectionOutcomeSerializer(required=False)
    model_mappings = SectionOutcomeSerializer(required=False)
    key_allowances = SectionOutcomeSerializer(required=False)
    api_keys = SectionOutcomeSerializer(required=False)
    warnings = WarningSerializer(many=True)
    dry_run = serializers.BooleanField()
