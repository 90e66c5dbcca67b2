from __future__ import annotations

from typing import Any

from django.db.models import (
    BigAutoField,
    BigIntegerField,
    BooleanField,
    CharField,
    DateTimeField,
    Index,
    Model,
    PositiveBigIntegerField,
    Q,
    UniqueConstraint,
)

PLACE = ("start", "key_id", "group_id", "owner_id", "profile_id", "provider", "model", "shadow")


def _id() -> CharField[Any, Any]:
    return CharField(max_length=100, blank=True)


def _name() -> CharField[Any, Any]:
    return CharField(max_length=200, blank=True)


class UsageCounts(Model):
    """What ledgers of usage count."""

    requests = PositiveBigIntegerField(default=0)
    """Each once, where it was answered or tried last."""
    errors = PositiveBigIntegerField(default=0)
    """Requests that ended otherwise than answered or cancelled."""
    attempts = PositiveBigIntegerField(default=0)
    failed = PositiveBigIntegerField(default=0)
    """Attempts that ended otherwise than answered or cancelled."""
    prompt_tokens = PositiveBigIntegerField(default=0)
    completion_tokens = PositiveBigIntegerField(default=0)
    cached_tokens = PositiveBigIntegerField(default=0)
    cache_written_tokens = PositiveBigIntegerField(default=0)
    reasoning_tokens = PositiveBigIntegerField(default=0)
    audio_milliseconds = PositiveBigIntegerField(default=0)
    images = PositiveBigIntegerField(default=0)
    characters = PositiveBigIntegerField(default=0)
    unpriced = PositiveBigIntegerField(default=0)
    """Attempts that used tokens whose price is not known: they add nothing to the cost."""
    cost_micro_usd = BigIntegerField(default=0)
    """Millionths of a US dollar."""

    class Meta:
        abstract = True


class UsageBucket(UsageCounts):
    """The usage ledger: a quarter hour of one key, group, owner, profile, provider and model.

    Written by the collector in the transaction that inserts the rows, so it is their sum; it stays
    when they are pruned. Who and where are noted as they were when the requests arrived.
    """

    id = BigAutoField(primary_key=True)
    start = DateTimeField()
    key_id = _id()
    key_name = _name()
    group_id = _id()
    group_name = _name()
    owner_id = _id()
    owner_name = _name()
    profile_id = _id()
    profile_name = _name()
    provider = CharField(max_length=100, blank=True)
    model = CharField(max_length=300, blank=True)
    shadow = BooleanField(default=False)
    """Used by copies of requests that profiles send to their shadows."""

    class Meta:
        ordering = ("-start", "id")
        constraints = [UniqueConstraint(fields=PLACE, name="usage_bucket_place")]
        indexes = [
            Index(fields=[name, "start"], name=f"usage_bucket_{name}")
            for name in ("key_id", "group_id", "profile_id", "provider")
        ] + [
            # Most keys belong to nobody, and few requests are copied: they take up no room there.
            Index(
                fields=["owner_id", "start"],
                condition=Q(owner_id__gt=""),
                name="usage_bucket_owner_id",
            ),
            Index(fields=["start"], condition=Q(shadow=True), name="usage_bucket_shadow"),
        ]

    def __str__(self) -> str:
        return f"usage of {self.provider}/{self.model} from {self.start:%Y-%m-%d %H:%M}"
