from __future__ import annotations

from typing import Any

from rest_framework import serializers

from governance.api.serializers.profiles import CAPABILITIES
from governance.documents import MASK
from governance.kinds import KINDS
from governance.routing.provider_rules import MAX_CONCURRENCY, MAX_TIMEOUT


class ProviderSerializer(serializers.Serializer[Any]):
    """A place that answers requests. Times are seconds."""

    name = serializers.RegexField(r"^[A-Za-z0-9._-]+$", max_length=100)
    kind = serializers.ChoiceField(choices=tuple(KINDS))
    base_url = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=500,
        help_text="Blank for the kind `mlx`, the built-in engine, which has none.",
    )
    api_key = serializers.CharField(
        write_only=True,
        required=False,
        allow_blank=True,
        allow_null=True,
        max_length=4000,
        help_text="Never shown. Left out it stays; blank or null clears it.",
    )
    is_local = serializers.BooleanField(
        required=False, help_text="Left out: whether the address is one of this machine."
    )
    default_model = serializers.CharField(required=False, allow_blank=True, max_length=300)
    models = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="Models known to be there."
    )
    capabilities = serializers.ListField(
        child=serializers.ChoiceField(choices=CAPABILITIES),
        required=False,
        help_text="What its models take; none listed means everything.",
    )
    extra_headers = serializers.DictField(
        child=serializers.CharField(allow_blank=True),
        required=False,
        help_text=f"Values are shown as `{MASK}`; sent back so, they stay.",
    )
    connect_timeout = serializers.FloatField(required=False, max_value=MAX_TIMEOUT)
    first_event_timeout = serializers.FloatField(required=False, max_value=MAX_TIMEOUT)
    idle_timeout = serializers.FloatField(required=False, max_value=MAX_TIMEOUT)
    total_timeout = serializers.FloatField(
        required=False, allow_null=True, max_value=MAX_TIMEOUT, help_text="null means no limit."
    )
    max_concurrency = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=MAX_CONCURRENCY,
        help_text="Requests at a time; null means no limit.",
    )
    enabled = serializers.BooleanField(required=False)
    is_default = serializers.BooleanField(
        required=False, help_text="Takes the mark from the provider that had it."
    )
    has_api_key = serializers.BooleanField(read_only=True)
    credential = serializers.ChoiceField(
        choices=("none", "set", "unreadable"),
        read_only=True,
        help_text="`unreadable`: no key of the ring opens it; set it anew.",
    )


class ProviderPatchSerializer(ProviderSerializer):
    """The fields to change; the rest stays."""

    name = serializers.RegexField(r"^[A-Za-z0-9._-]+$", max_length=100, required=False)
    kind = serializers.ChoiceField(choices=tuple(KINDS), required=False)
