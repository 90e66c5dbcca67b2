from __future__ import annotations

from django.db.models import (
    BigAutoField,
    BigIntegerField,
    CharField,
    DateTimeField,
    Model,
    PositiveBigIntegerField,
    UniqueConstraint,
)

TRAFFIC_PLACE = ("start", "provider", "model", "outcome", "fallback")


class TrafficBucket(Model):
    """The traffic ledger: a quarter hour of one provider and model, by outcome.

    Beside the usage ledger, which tells keys and profiles apart and has nearly as many rows as the
    log where there are many of them: this one stays small, so a quarter of a year is summed at
    once. Written in the same transaction from the same records; it stays when rows are pruned.
    """

    id = BigAutoField(primary_key=True)
    start = DateTimeField()
    provider = CharField(max_length=100, blank=True)
    model = CharField(max_length=300, blank=True)
    outcome = CharField(max_length=20, blank=True)
    """Of the request, also where an attempt of it ended otherwise."""
    fallback = CharField(max_length=10, blank=True)
    requests = PositiveBigIntegerField(default=0)
    attempts = PositiveBigIntegerField(default=0)
    failed = PositiveBigIntegerField(default=0)
    prompt_tokens = PositiveBigIntegerField(default=0)
    completion_tokens = PositiveBigIntegerField(default=0)
    cached_tokens = PositiveBigIntegerField(default=0)
    audio_milliseconds = PositiveBigIntegerField(default=0)
    images = PositiveBigIntegerField(default=0)
    characters = PositiveBigIntegerField(default=0)
    unpriced = PositiveBigIntegerField(default=0)
    cost_micro_usd = BigIntegerField(default=0)

    class Meta:
        ordering = ("-start", "id")
        constraints = [UniqueConstraint(fields=TRAFFIC_PLACE, name="traffic_bucket_place")]
        default_permissions = ()

    def __str__(self) -> str:
        return f"traffic of {self.provider}/{self.model} from {self.start:%Y-%m-%d %H:%M}"
