from __future__ import annotations

from governance.models import KeyAllowance
from governance.serializers.strict import StrictSerializer


class KeyAllowanceSerializer(StrictSerializer):
    """Who may make API keys of their own in a group, and what such keys may."""

    noun = "A key allowance"

    class Meta:
        model = KeyAllowance
        read_only_fields = ("id",)
