from __future__ import annotations

from rest_framework import serializers

from governance.models import AuditEntry


class AuditEntrySerializer(serializers.ModelSerializer[AuditEntry]):
    """What someone did to one thing."""

    changes = serializers.ListField(
        child=serializers.CharField(), help_text="Before and after, as people say it."
    )

    class Meta:
        model = AuditEntry
        fields = (
            "id",
            "at",
            "actor",
            "address",
            "via",
            "action",
            "object_type",
            "object_id",
            "object_name",
            "changes",
        )
