from __future__ import annotations

from typing import Any

from rest_framework import serializers

from governance.api.serializers.common import WarningSerializer
from governance.routing.kinds import FEATURES, MODALITIES, REQUEST_TYPES
from governance.routing.rules import LOCAL_FALLBACKS
from governance.routing.target_rules import MAX_WEIGHT, PRIORITY_RANGE
from governance.strategies import STRATEGIES

CAPABILITIES = MODALITIES + FEATURES


class RateLimitSerializer(serializers.Serializer[Any]):
    """Skip the target once this share of its provider's limit is used; percent."""

    request_percent_threshold = serializers.FloatField(
        min_value=0, max_value=100, required=False, allow_null=True
    )
    token_percent_threshold = serializers.FloatField(
        min_value=0, max_value=100, required=False, allow_null=True
    )
    budget_percent_threshold = serializers.FloatField(
        min_value=0, max_value=100, required=False, allow_null=True
    )


class TargetSerializer(serializers.Serializer[Any]):
    """One concrete place a profile may send a request to."""

    provider = serializers.CharField(
        max_length=100, help_text="Name of a provider; it need not exist yet."
    )
    virtual_model = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=200,
        help_text="The alias it serves; blank or `*` serves all. Needs `model`.",
    )
    model = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=300,
        help_text="What the provider is asked for; blank passes on the name asked for.",
    )
    priority = serializers.IntegerField(
        required=False,
        min_value=PRIORITY_RANGE[0],
        max_value=PRIORITY_RANGE[1],
        help_text="Lower is tried first.",
    )
    weight = serializers.FloatField(required=False, min_value=0, max_value=MAX_WEIGHT)
    request_types = serializers.ListField(
        child=serializers.ChoiceField(choices=REQUEST_TYPES),
        required=False,
        help_text="Request types it serves; none listed means all.",
    )
    capabilities = serializers.ListField(
        child=serializers.ChoiceField(choices=CAPABILITIES),
        required=False,
        help_text="What it can take; none listed means everything.",
    )
    enabled = serializers.BooleanField(required=False)
    rate_limit = RateLimitSerializer(required=False, allow_null=True)


class ProfileSerializer(serializers.Serializer[Any]):
    """A routing profile: a virtual provider and the targets behind it."""

    id = serializers.CharField(
        required=False, max_length=100, help_text="Made when left out; it never changes."
    )
    name = serializers.CharField(max_length=200, help_text="Unique, whatever its case.")
    description = serializers.CharField(required=False, allow_blank=True, max_length=10_000)
    virtual_provider = serializers.CharField(
        max_length=100,
        help_text="What stands before the slash of a virtual model. Unique, whatever its case, and "
        "never the name of a provider.",
    )
    virtual_key_id = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=100,
        help_text="Id of the only API key that may use the profile; blank means every key.",
    )
    enabled = serializers.BooleanField(required=False)
    strategy = serializers.ChoiceField(choices=tuple(STRATEGIES), required=False)
    targets = TargetSerializer(many=True, allow_empty=False)
    local_fallback = serializers.ChoiceField(choices=LOCAL_FALLBACKS, required=False)
    local_only = serializers.BooleanField(required=False)


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
