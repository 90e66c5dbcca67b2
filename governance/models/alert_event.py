from __future__ import annotations

from django.db.models import (
    CASCADE,
    BigAutoField,
    CharField,
    DateTimeField,
    FloatField,
    ForeignKey,
    Index,
    Model,
    TextField,
    UniqueConstraint,
)

from governance.models.alert_rule import AlertRule


class AlertEvent(Model):
    """Something an alert found: once for each cause and period, whatever process looks.

    It is kept after its end, so that a restart, or another node, tells nothing twice.
    """

    id = BigAutoField(primary_key=True)
    rule = ForeignKey(AlertRule, on_delete=CASCADE, related_name="events")
    cause = CharField(max_length=500)
    period = CharField(max_length=40)
    title = CharField(max_length=500)
    detail = TextField(blank=True)
    value = FloatField(null=True)
    kind = CharField(max_length=20, blank=True)
    """What it is about: `limit`, `provider`, `profile`, `group`."""
    subject = CharField(max_length=200, blank=True)
    began_at = DateTimeField()
    ended_at = DateTimeField(null=True)

    class Meta:
        ordering = ("-began_at", "-id")
        constraints = [
            UniqueConstraint(fields=("rule", "cause", "period"), name="alert_event_once")
        ]
        indexes = [
            Index(fields=["ended_at", "-began_at"], name="alert_event_open"),
            Index(fields=["-began_at", "-id"], name="alert_event_latest"),
        ]

    def __str__(self) -> str:
        return self.title
