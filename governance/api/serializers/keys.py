from __future__ import annotations

from typing import Any

from rest_framework import serializers

from governance.api.serializers.common import WarningSerializer
from governance.routing.rules import LOCAL_FALLBACKS
from governance.rules.keys import PRIORITIES, SCOPES


class KeySerializer(serializers.Serializer[Any]):
    """An API key, without the key itself."""

    id = serializers.CharField(read_only=True)
    name = serializers.CharField(max_length=200)
    prefix = serializers.CharField(read_only=True, help_text="How the key begins.")
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=SCOPES), allow_empty=False)
    routing_profile = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=100,
        help_text="Id of the profile every request with this key goes through; blank means none.",
    )
    priority = serializers.ChoiceField(choices=PRIORITIES, required=False)
    local_fallback = serializers.ChoiceField(choices=LOCAL_FALLBACKS, required=False)
    local_only = serializers.BooleanField(required=False)
    enabled = serializers.BooleanField(required=False)
    expires_at = serializers.DateTimeField(required=False, allow_null=True)
    created_at = serializers.DateTimeField(read_only=True)
    last_used_at = serializers.DateTimeField(read_only=True, allow_null=True)


class KeyPatchSerializer(KeySerializer):
    """The fields to change; the rest stays."""

    name = serializers.CharField(max_length=200, required=False)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=SCOPES), allow_empty=False, required=False
    )


class NewKeySerializer(serializers.Serializer[Any]):
    """The only answer that holds the key."""

    key = KeySerializer()
    secret = serializers.CharField(help_text="The key. It cannot be shown again.")
    warnings = WarningSerializer(many=True, required=False)
