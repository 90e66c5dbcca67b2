from __future__ import annotations

from django.db.models import (
    BooleanField,
    CharField,
    DateTimeField,
    FloatField,
    Index,
    JSONField,
    Model,
    PositiveBigIntegerField,
    PositiveIntegerField,
    PositiveSmallIntegerField,
    Q,
)
from django.utils.translation import gettext, gettext_lazy

from governance.interactions.record import FALLBACKS, OUTCOMES


def _indexed(*fields: str) -> list[Index]:
    """For every filter an index that is in the order of the list, so pages need no sorting."""
    return [
        Index(fields=[field, "-time", "-id"], name=f"interaction_{field}"[:30]) for field in fields
    ]


class Interaction(Model):
    """One finished request, as `governance.interactions.record.InteractionRecord` has it.

    Profiles, providers and keys are noted by name, not by reference: the log outlives them.
    Rows are written by the collector alone and never change.
    """

    request_id = CharField(max_length=128)
    time = DateTimeField()
    node = CharField(max_length=64, blank=True)
    key_id = CharField(max_length=100, blank=True)
    key_name = CharField(max_length=200, blank=True)
    group_id = CharField(max_length=100, blank=True)
    group_name = CharField(max_length=200, blank=True)
    owner_id = CharField(max_length=100, blank=True)
    owner_name = CharField(max_length=200, blank=True)
    session = CharField(max_length=200, blank=True)
    protocol = CharField(max_length=20)
    request_type = CharField(max_length=20, blank=True)
    requested_model = CharField(max_length=300, blank=True)
    profile_id = CharField(max_length=100, blank=True)
    profile_name = CharField(max_length=200, blank=True)
    reason = CharField(max_length=300, blank=True)
    decision = JSONField(default=dict)
    attempts = JSONField(default=list)
    provider = CharField(max_length=100, blank=True)
    model = CharField(max_length=300, blank=True)
    answered_model = CharField(max_length=300, blank=True)
    stream = BooleanField(default=False)
    messages = PositiveIntegerField(default=0)
    tools = PositiveIntegerField(default=0)
    features = JSONField(default=dict)
    duration_ms = FloatField(default=0)
    first_token_ms = FloatField(null=True)
    prompt_tokens = PositiveBigIntegerField(null=True)
    completion_tokens = PositiveBigIntegerField(null=True)
    cached_tokens = PositiveBigIntegerField(null=True)
    cache_written_tokens = PositiveBigIntegerField(null=True)
    reasoning_tokens = PositiveBigIntegerField(null=True)
    cost_usd = FloatField(null=True)
    finish_reason = CharField(max_length=40, blank=True)
    fallback = CharField(max_length=10, choices=list(FALLBACKS.items()), default="none")
    fallback_reason = CharField(max_length=60, blank=True)
    outcome = CharField(max_length=20, choices=list(OUTCOMES.items()))
    error_code = CharField(max_length=60, blank=True)
    status = PositiveSmallIntegerField(default=0)
    errors = CharField(max_length=1000, blank=True)
    """`provider:code` of every attempt that failed, and the error code, to search in."""
    dropped_fields = JSONField(default=list)

    class Meta:
        verbose_name = gettext_lazy("interaction")
        verbose_name_plural = gettext_lazy("interactions")
        ordering = ("-time", "-id")
        indexes = [
            # Times to the first token are read where the time is, and no row for each.
            Index(fields=["-time", "-id", "first_token_ms"], name="interaction_first_tokens"),
            *_indexed(
                *("request_id", "profile_id", "provider", "key_id", "outcome", "fallback", "model")
            ),
            *_indexed("requested_model"),
            # Most requests have no session, group or owner: they take up no room there.
            *(
                Index(
                    fields=[name, "-time", "-id"],
                    condition=Q(**{f"{name}__gt": ""}),
                    name=f"interaction_{name}",
                )
                for name in ("session", "group_id", "owner_id")
            ),
            # Where errors are looked for, requests without any need not be passed over one by one,
            # and of those that have some only what is found is read.
            Index(
                fields=["-time", "-id", "errors"],
                condition=Q(errors__gt=""),
                name="interaction_error_words",
            ),
        ]

    def __str__(self) -> str:
        return gettext("interaction %(id)s") % {"id": self.request_id}
