from __future__ import annotations

from typing import Any, Final

from rest_framework import serializers

from governance.routing.overrides import STATES

BREAKER: Final = ("closed", "open", "half_open", "ramp")
OVERRIDES: Final = tuple(STATES)
LEFT: Final = "Until the cooldown ends, the probe counts as lost or the ramp ends."
AVERAGED: Final = "Averaged over the last ones; null where none was seen."


class ModelHealthSerializer(serializers.Serializer[Any]):
    model = serializers.CharField()
    state = serializers.ChoiceField(choices=BREAKER, help_text="Of its circuit breaker.")
    override = serializers.ChoiceField(choices=OVERRIDES, allow_null=True)
    seconds_left = serializers.FloatField(help_text=LEFT)
    share = serializers.FloatField(help_text="Of its requests that it gets, 0 to 1.")
    request_percent = serializers.FloatField(
        allow_null=True, help_text="Of the limit it reported; null where it reported none."
    )
    token_percent = serializers.FloatField(allow_null=True)
    first_token_seconds = serializers.FloatField(allow_null=True, help_text=AVERAGED)


class NodeOutlookSerializer(serializers.Serializer[Any]):
    """What another node says; a hint, since that one may have troubles of its own."""

    node = serializers.CharField()
    model = serializers.CharField()
    state = serializers.ChoiceField(choices=BREAKER)
    seconds_left = serializers.FloatField(help_text=LEFT)
    under_way = serializers.IntegerField(help_text="Requests of that node to the provider.")
    first_token_seconds = serializers.FloatField(allow_null=True, help_text=AVERAGED)


class ProviderHealthSerializer(serializers.Serializer[Any]):
    """How a provider fares at this moment."""

    provider = serializers.CharField()
    override = serializers.ChoiceField(
        choices=OVERRIDES, allow_null=True, help_text="What an operator forces upon all of it."
    )
    under_way = serializers.IntegerField(help_text="Requests of all processes of this node.")
    max_concurrency = serializers.IntegerField(allow_null=True)
    processes = serializers.IntegerField(
        help_text="Of this node, for which this holds; 0 while they do not hear of each other, and "
        "the process that answers speaks for itself."
    )
    models = ModelHealthSerializer(many=True)
    nodes = NodeOutlookSerializer(many=True)
