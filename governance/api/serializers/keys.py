from __future__ import annotations

from typing import Any

from rest_framework import serializers

from governance.api.serializers.common import WarningSerializer, versioned
from governance.serializers import KeySerializer


class NewKeySerializer(serializers.Serializer[Any]):
    """The only answer that holds the key."""

    key = versioned(KeySerializer)()
    secret = serializers.CharField(help_text="The key. It cannot be shown again.")
    warnings = WarningSerializer(many=True, required=False)
