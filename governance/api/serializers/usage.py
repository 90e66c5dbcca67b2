from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from governance.interactions.usage_report import GROUPS, SUMS, THOUSANDTHS


class UsageRowSerializer(serializers.Serializer[Any]):
    """One combination; only what was grouped by is there."""

    interval = serializers.DateTimeField(required=False)
    cost_usd = serializers.CharField(
        allow_null=True, help_text="A decimal text; null where no price is known."
    )

    def get_fields(self) -> dict[str, Any]:
        found = super().get_fields()
        named = {
            column: serializers.CharField(required=False)
            for name, (_, called) in GROUPS.items()
            for column in ([name, f"{name}_name"] if called else [name])
        }
        sums: dict[str, serializers.Field[Any, Any, Any, Any]] = {
            name: serializers.FloatField() if name in THOUSANDTHS else serializers.IntegerField()
            for name in SUMS
        }
        return {"interval": found["interval"], **named, **sums, "cost_usd": found["cost_usd"]}


@extend_schema_serializer(many=False)
class UsageReportSerializer(serializers.Serializer[Any]):
    """The rows, and all of them in one."""

    rows = UsageRowSerializer(many=True)
    total = UsageRowSerializer()

    def get_fields(self) -> dict[str, Any]:
        # `from` is no name that a class body could assign.
        ends = {name: serializers.DateTimeField() for name in ("from", "to")}
        return {**ends, **super().get_fields()}
