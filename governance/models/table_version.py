from __future__ import annotations

from django.db.models import (
    CharField,
    CheckConstraint,
    JSONField,
    Model,
    PositiveBigIntegerField,
    Q,
)


class TableVersion(Model):
    """Which state of the configuration is in force: one row, bumped by every write.

    Writers lock it first, so they work one after the other. The columns named after sections say
    which version changed them last: a process that follows reloads only those.
    """

    version = PositiveBigIntegerField(default=0)
    mark = CharField(max_length=32, blank=True)
    """Drawn anew with each version: tells apart two states of the same number, as after a
    database was restored from a backup."""
    providers = PositiveBigIntegerField(default=0)
    profiles = PositiveBigIntegerField(default=0)
    keys = PositiveBigIntegerField(default=0)
    rules = PositiveBigIntegerField(default=0)
    limits = PositiveBigIntegerField(default=0)
    defaults = JSONField(default=list)
    """Parts of the embedded defaults that were made here once; they are not made again."""

    class Meta:
        constraints = [CheckConstraint(condition=Q(pk=1), name="table_version_single")]

    def __str__(self) -> str:
        return f"version {self.version}"
