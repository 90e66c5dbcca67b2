from __future__ import annotations

from typing import Final

from django.db.models import (
    CASCADE,
    BigAutoField,
    CharField,
    DateTimeField,
    ForeignKey,
    Index,
    Model,
    PositiveSmallIntegerField,
    UniqueConstraint,
)

from governance.models.alert_event import AlertEvent

CHANNELS: Final = {"webhook": "Webhook", "email": "E-mail"}


class AlertDelivery(Model):
    """A message of an event on its way: tried again until it is there, or given up."""

    id = BigAutoField(primary_key=True)
    event = ForeignKey(AlertEvent, on_delete=CASCADE, related_name="deliveries")
    channel = CharField(max_length=10, choices=list(CHANNELS.items()))
    phase = CharField(max_length=10)
    """`began` or `ended`."""
    tries = PositiveSmallIntegerField(default=0)
    next_at = DateTimeField(null=True)
    """When it is tried next; empty: it is there, or was given up."""
    done_at = DateTimeField(null=True)
    trouble = CharField(max_length=300, blank=True)
    """Why the last try failed."""

    class Meta:
        ordering = ("pk",)
        constraints = [
            UniqueConstraint(fields=("event", "channel", "phase"), name="alert_delivery_once")
        ]
        indexes = [Index(fields=["next_at"], name="alert_delivery_next")]

    def __str__(self) -> str:
        return f"{self.channel} of {self.event}"

    @property
    def state(self) -> str:
        """`delivered`, `waiting` or `given up`."""
        if self.done_at is not None:
            return "delivered"
        return "waiting" if self.next_at is not None else "given up"
