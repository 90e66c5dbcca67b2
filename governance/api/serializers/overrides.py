from __future__ import annotations

from typing import Any

from rest_framework import serializers

from governance.routing.overrides import STATES


class OverrideRequestSerializer(serializers.Serializer[Any]):
    """What is to hold for a while; either `minutes` or `until` says how long, 31 days at most."""

    state = serializers.ChoiceField(
        choices=tuple(STATES),
        help_text="`drain`: no new requests. `open`: tried after all others. `closed`: failures "
        "are not held against it.",
    )
    reason = serializers.CharField(max_length=300, help_text="For other operators.")
    minutes = serializers.IntegerField(required=False, min_value=1, max_value=44_640)
    until = serializers.DateTimeField(required=False, help_text="With its zone.")
    model = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=300,
        help_text="The only model it holds for; left out: all of the provider's.",
    )
