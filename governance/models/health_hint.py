from __future__ import annotations

from django.db.models import (
    BigAutoField,
    CharField,
    DateTimeField,
    FloatField,
    Index,
    IntegerField,
    Model,
    UniqueConstraint,
)


class HealthHint(Model):
    """How a provider's model fares on one node, for the others: absolute, never an increment.

    Written by the node's collector where nodes share a database. It is a hint: another node finds
    out for itself.
    """

    id = BigAutoField(primary_key=True)
    node = CharField(max_length=64)
    provider = CharField(max_length=100)
    """Casefolded."""
    model = CharField(max_length=300)
    state = CharField(max_length=10)
    """Of the breaker."""
    left = FloatField(default=0)
    """Seconds until the cooldown ends, the probe counts as lost or the ramp ends."""
    trips = IntegerField(default=0)
    under_way = IntegerField(default=0)
    """Requests to the provider, whichever model."""
    first_token = FloatField(default=0)
    """Seconds, averaged; 0 where nothing is known."""
    changed_at = DateTimeField()
    """When the breaker came into this state."""
    at = DateTimeField()
    """When the node said so."""

    class Meta:
        ordering = ("pk",)
        constraints = [
            UniqueConstraint(fields=("node", "provider", "model"), name="health_hint_place")
        ]
        indexes = [Index(fields=["at"], name="health_hint_at")]

    def __str__(self) -> str:
        return f"{self.provider} / {self.model} on {self.node}"
