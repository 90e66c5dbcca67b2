from __future__ import annotations

from typing import Any

from rest_framework import serializers


class OrderSerializer(serializers.Serializer[Any]):
    order = serializers.ListField(
        child=serializers.IntegerField(), help_text="The id of each rule, first to last."
    )
