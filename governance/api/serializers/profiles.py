from __future__ import annotations

from typing import Any

from rest_framework import serializers

from governance.api.serializers.common import WarningSerializer
from governance.serializers import ProfileSerializer


class PluginConfigSerializer(serializers.Serializer[Any]):
    routing_profiles = ProfileSerializer(many=True)


class PluginSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(required=False)
    enabled = serializers.BooleanField(required=False)
    config = PluginConfigSerializer()


class ExportSerializer(serializers.Serializer[Any]):
    """All routing profiles, as import takes them."""

    plugin = PluginSerializer()


class ImportSerializer(serializers.Serializer[Any]):
    """Either of the two."""

    routing_profiles = ProfileSerializer(many=True, required=False)
    plugin = PluginSerializer(required=False)


class OutcomeSerializer(serializers.Serializer[Any]):
    """What the import did, or would do: ids of profiles."""

    created = serializers.ListField(child=serializers.CharField())
    changed = serializers.ListField(child=serializers.CharField())
    removed = serializers.ListField(child=serializers.CharField())
    unchanged = serializers.IntegerField(help_text="How many stayed as they were.")
    warnings = WarningSerializer(many=True)
    dry_run = serializers.BooleanField()
