from __future__ import annotations

from typing import Any

from rest_framework import serializers

from governance.models.alert_delivery import CHANNELS


class AlertDeliverySerializer(serializers.Serializer[Any]):
    """One message of an event."""

    channel = serializers.ChoiceField(choices=tuple(CHANNELS))
    phase = serializers.ChoiceField(choices=("began", "ended"))
    state = serializers.ChoiceField(choices=("delivered", "waiting", "given up"))
    tries = serializers.IntegerField()
    trouble = serializers.CharField(help_text="Why the last try failed.")


class AlertEventSerializer(serializers.Serializer[Any]):
    """Something an alert found."""

    id = serializers.IntegerField()
    alert = serializers.IntegerField(help_text="Id of the alert.")
    alert_name = serializers.CharField()
    title = serializers.CharField()
    detail = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    kind = serializers.CharField(help_text="limit, provider, profile, group, or nothing.")
    subject = serializers.CharField(help_text="Id or name of what it is about.")
    began_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True, help_text="null while it lasts.")
    deliveries = AlertDeliverySerializer(many=True)


class AlertTestedSerializer(serializers.Serializer[Any]):
    """Where a test message went."""

    sent_by = serializers.ListField(child=serializers.ChoiceField(choices=tuple(CHANNELS)))
