"""The collector's transaction: rows, usage ledger and offsets together, so each record once."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

from django.db import (
    DatabaseError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    connections,
    transaction,
)

from gateway.collector.day_files import Extent, Growth
from gateway.collector.follower import Chunk
from governance.interactions.key_uses import KeyUses
from governance.interactions.ledger import (
    COUNTS,
    NAMES,
    TRAFFIC_COUNTS,
    DayPlace,
    DaySum,
    add_up,
    add_up_traffic,
    by_day,
)
from governance.interactions.record import InteractionRecord
from governance.interactions.rows import COLUMNS, Moment, values_of
from governance.models.interaction import Interaction
from governance.models.log_offsets import DayFileOffset, SegmentOffset
from governance.models.traffic_bucket import TRAFFIC_PLACE, TrafficBucket
from governance.models.usage_bucket import PLACE, UsageBucket
from governance.models.usage_day import UsageDay
from inference.record.booking import BOOKED
from inference.record.lines import Line

OUTAGE: Final = (OperationalError, InterfaceError, ProgrammingError)
"""What passes: the database is away or locked, the disk full, the table not migrated yet."""
REFUSED: Final = (DatabaseError, ValueError, TypeError, OverflowError)
"""What does not pass: the database will never take this record."""


class Overtaken(Exception):
    """Somebody else has moved an offset: two collectors run for this node."""


class Store:
    """The rows of one node's log. For one process at a time."""

    def __init__(self, node: str, using: str = "default") -> None:
        self._node = node
        self._using = using
        self._key_uses = KeyUses()
        self.locks_everybody = connections[using].vendor == "sqlite"
        """A transaction of ours keeps every other writer waiting."""
        self._moment = _moment(using)
        quote = connections[using].ops.quote_name
        self._insert = _insert(quote, Interaction._meta.db_table, COLUMNS)
        self._add_up = _upsert(quote, UsageBucket._meta.db_table, PLACE, NAMES, COUNTS)
        table = TrafficBucket._meta.db_table
        self._add_up_traffic = _upsert(quote, table, TRAFFIC_PLACE, (), TRAFFIC_COUNTS)
        table = UsageDay._meta.db_table
        self._add_up_days = _upsert(quote, table, DayPlace._fields, ("name",), COUNTS)
        # Twice a batch, and each costs as much by way of a queryset as a dozen records do.
        table = SegmentOffset._meta.db_table
        self._move_on = _update(quote, table, ("offset",), ("node", "segment", "offset"))
        table = DayFileOffset._meta.db_table
        self._grow_to = _update(quote, table, Extent._fields, ("node", "day", *Extent._fields))

    def offsets(self) -> dict[str, int]:
        """Of every segment that was begun. Raises `OUTAGE`."""
        mine = SegmentOffset.objects.using(self._using).filter(node=self._node)
        return dict(mine.values_list("segment", "offset"))

    def forget(self, segments: Sequence[str]) -> None:
        """Of segments that are no more. Raises `OUTAGE`."""
        mine = SegmentOffset.objects.using(self._using).filter(node=self._node)
        mine.filter(segment__in=segments).delete()

    def extent(self, day: str) -> Extent | None:
        """What is settled of a day's file. Raises `OUTAGE`."""
        days = DayFileOffset.objects.using(self._using).filter(node=self._node, day=day)
        found = days.values_list("file_id", "size").first()
        return Extent(*found) if found else None

    def settle_extent(self, day: str, extent: Extent) -> None:
        """Raises `OUTAGE`."""
        DayFileOffset.objects.using(self._using).update_or_create(
            node=self._node, day=day, defaults=extent._asdict()
        )

    def commit(
        self,
        records: Sequence[InteractionRecord],
        chunks: Sequence[Chunk],
        grown: Mapping[str, Growth],
    ) -> float:
        """All of it or nothing; for how many seconds the transaction lasted.

        Raises `OUTAGE`, `REFUSED` and `Overtaken`.
        """
        connection, moment = connections[self._using], self._moment
        rows = [values_of(record, moment) for record in records]
        used = add_up(records)
        buckets = _buckets(used.items(), (*NAMES, *COUNTS), moment)
        days = _days(by_day(used), moment)
        traffic = _buckets(add_up_traffic(records).items(), TRAFFIC_COUNTS, moment)
        # A key was used, whatever becomes of its rows.
        self._key_uses.saw(records)
        with transaction.atomic(using=self._using):
            began = time.perf_counter()
            with connection.cursor() as cursor:
                if rows:
                    cursor.executemany(self._insert, rows)
                    cursor.executemany(self._add_up, buckets)
                    cursor.executemany(self._add_up_traffic, traffic)
                    cursor.executemany(self._add_up_days, days)
                self._move(cursor, chunks)
                self._grow(cursor, grown)
        return time.perf_counter() - began

    def unbooked(self, lines: Sequence[Line]) -> list[Line]:
        """The lines without those that tell again what a batch used. Raises `OUTAGE`."""
        booked = [line.record.id for line in lines if line.record.id.startswith(BOOKED)]
        if not booked:
            return list(lines)
        rows = Interaction.objects.using(self._using).filter(request_id__in=booked)
        known = set(rows.values_list("request_id", flat=True))
        fresh = []
        for line in lines:
            if line.record.id not in known:
                fresh.append(line)
            if line.record.id.startswith(BOOKED):
                known.add(line.record.id)
        return fresh

    def saw_callers(self, lines: Iterable[Line]) -> None:
        """From where keys were used, to be noted with when."""
        for line in lines:
            key = line.record.key
            if key is not None and key.id and (line.address or line.client):
                self._key_uses.came_from(key.id, line.record.time, line.address, line.client)

    def note_key_uses(self, *, now: bool = False) -> None:
        """When keys were last used, once a minute. Raises `OUTAGE`; nothing is lost by it."""
        self._key_uses.write(now=now)

    def close(self) -> None:
        """Gives the connection back; the next call makes another."""
        connections[self._using].close()

    def _grow(self, cursor: Any, grown: Mapping[str, Growth]) -> None:
        for day, growth in grown.items():
            cursor.execute(self._grow_to, (*growth.after, self._node, day, *growth.before))
            if not cursor.rowcount:
                raise Overtaken(day)

    def _move(self, cursor: Any, chunks: Sequence[Chunk]) -> None:
        offsets = SegmentOffset.objects.using(self._using)
        for chunk in chunks:
            if not chunk.start:
                try:
                    offsets.create(node=self._node, segment=chunk.segment, offset=chunk.end)
                except IntegrityError:
                    raise Overtaken(chunk.segment) from None
                continue
            cursor.execute(self._move_on, (chunk.end, self._node, chunk.segment, chunk.start))
            if not cursor.rowcount:
                raise Overtaken(chunk.segment)


def _moment(using: str) -> Moment:
    """Makes a time, which is UTC, as the database takes it."""
    connection = connections[using]
    adapt = connection.ops.adapt_datetimefield_value
    if connection.vendor != "sqlite" or connection.timezone_name != "UTC":
        return adapt
    # It would be made naive with three times the work.
    return lambda time: adapt(time.replace(tzinfo=None))


def _insert(quote: Any, table: str, columns: Sequence[str]) -> str:
    marks = ", ".join(["%s"] * len(columns))
    names = ", ".join(map(quote, columns))
    return f"INSERT INTO {quote(table)} ({names}) VALUES ({marks})"  # noqa: S608  # our names


def _update(quote: Any, table: str, columns: Sequence[str], where: Sequence[str]) -> str:
    values = ", ".join(f"{quote(one)} = %s" for one in columns)
    row = " AND ".join(f"{quote(one)} = %s" for one in where)
    return f"UPDATE {quote(table)} SET {values} WHERE {row}"  # noqa: S608  # our names


def _upsert(
    quote: Any, table: str, place: Sequence[str], names: Sequence[str], counts: Sequence[str]
) -> str:
    """Adds to the bucket of a place, or begins it; the later names count."""
    changes = [f"{quote(one)} = excluded.{quote(one)}" for one in names]
    changes += [
        f"{quote(one)} = {quote(table)}.{quote(one)} + excluded.{quote(one)}" for one in counts
    ]
    where = ", ".join(map(quote, place))
    return (
        _insert(quote, table, (*place, *names, *counts))
        + f" ON CONFLICT ({where}) DO UPDATE SET {', '.join(changes)}"
    )


def _buckets(
    found: Iterable[tuple[tuple[Any, ...], Any]], columns: Sequence[str], moment: Moment
) -> list[tuple[Any, ...]]:
    """In the order of their places, so that two nodes never wait for each other."""
    values_of_sum = attrgetter(*columns)
    return [
        (moment(datetime.fromisoformat(place[0])), *place[1:], *values_of_sum(used))
        for place, used in sorted(found, key=lambda one: one[0])
    ]


def _days(found: Mapping[DayPlace, DaySum], moment: Moment) -> list[tuple[Any, ...]]:
    """In the order of their places, likewise."""
    return [
        (moment(datetime.fromisoformat(place.start)), *place[1:], sums.name, *sums.counts.values())
        for place, sums in sorted(found.items(), key=lambda one: one[0])
    ]
