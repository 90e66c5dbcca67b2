from __future__ import annotations

from django.db.models import BigAutoField, CharField, DateTimeField, UniqueConstraint

from governance.models.usage_bucket import UsageCounts

DAY_PLACE = ("dimension", "start", "value")


class UsageDay(UsageCounts):
    """The usage ledger by day: what one key, group, owner or profile used.

    Where there are thousands of keys, the usage ledger has nearly as many rows as the log; this one
    has no more a day than there are keys, so that months are summed at once. Written in the same
    transaction from the same sums.
    """

    id = BigAutoField(primary_key=True)
    dimension = CharField(max_length=10)
    """What is told apart: `key`, `group`, `owner` or `profile`."""
    start = DateTimeField()
    """Midnight, UTC."""
    value = CharField(max_length=100, blank=True)
    name = CharField(max_length=200, blank=True)
    """What it was called then."""

    class Meta:
        ordering = ("-start", "id")
        constraints = [UniqueConstraint(fields=DAY_PLACE, name="usage_day_place")]
        default_permissions = ()

    def __str__(self) -> str:
        return f"usage of {self.dimension} {self.value} on {self.start:%Y-%m-%d}"
