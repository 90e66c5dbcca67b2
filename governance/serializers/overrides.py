from __future__ import annotations

from governance.models import ProviderOverride
from governance.serializers.strict import StrictSerializer


class OverrideSerializer(StrictSerializer):
    """What holds for a provider, or one of its models, for a while."""

    noun = "An override"

    class Meta:
        model = ProviderOverride
        read_only_fields = ("who", "since")
        exclude = ("id", "provider")
