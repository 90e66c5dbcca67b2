from __future__ import annotations

from django.db.models import (
    BigAutoField,
    BigIntegerField,
    CharField,
    DateTimeField,
    FloatField,
    Index,
    Model,
    PositiveIntegerField,
    UniqueConstraint,
)


class LimitTotal(Model):
    """What one node uses and holds of a limit, for the other nodes: absolute, never an increment.

    Written by the node's collector four times a second where nodes share a database. What the
    ledger holds already is not in it.
    """

    id = BigAutoField(primary_key=True)
    node = CharField(max_length=64)
    limit_id = BigIntegerField()
    scope = CharField(max_length=320, blank=True)
    begin = FloatField()
    """Of the window, Unix time in seconds; 0 for one that slides."""
    used = FloatField(default=0)
    held = FloatField(default=0)
    processes = PositiveIntegerField(default=1)
    """Of the node, that count the limit."""
    at = DateTimeField()
    """When the node said so."""

    class Meta:
        ordering = ("pk",)
        constraints = [
            UniqueConstraint(
                fields=("node", "limit_id", "scope", "begin"), name="limit_total_place"
            )
        ]
        indexes = [Index(fields=["at"], name="limit_total_at")]

    def __str__(self) -> str:
        return f"limit {self.limit_id} on {self.node}"
