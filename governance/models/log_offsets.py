"""How far the collector of each node has come. Written in the transaction that inserts the rows."""

from __future__ import annotations

from django.db.models import (
    CharField,
    Model,
    PositiveBigIntegerField,
    UniqueConstraint,
)


class SegmentOffset(Model):
    """Bytes of one segment of the log whose records are rows."""

    node = CharField(max_length=64)
    segment = CharField(max_length=100)
    offset = PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [UniqueConstraint(fields=("node", "segment"), name="segment_offset_once")]

    def __str__(self) -> str:
        return f"{self.segment} up to {self.offset}"


class DayFileOffset(Model):
    """Bytes of a day file that belong to records which are rows; what lies beyond is cut off."""

    node = CharField(max_length=64)
    day = CharField(max_length=10)
    file_id = CharField(max_length=64)
    """Device and number of the file: another file at its path is none of ours."""
    size = PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [UniqueConstraint(fields=("node", "day"), name="day_file_offset_once")]

    def __str__(self) -> str:
        return f"{self.day} up to {self.size}"
