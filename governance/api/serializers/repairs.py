from __future__ import annotations

from typing import Any

from rest_framework import serializers


class RepairSerializer(serializers.Serializer[Any]):
    """One change of every request to a model, since it was found to refuse it as it came."""

    model = serializers.CharField()
    repair = serializers.CharField(help_text="A short stable word.")
    value = serializers.CharField(allow_blank=True, help_text="A member or a number.")
    detail = serializers.CharField(help_text="The same in words.")
    expires_at = serializers.DateTimeField(help_text="When it is found out anew.")
