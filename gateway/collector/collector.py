"""The collector itself: one step after the other, each of which may fail and be tried again."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
import structlog

from gateway.collector import record_metrics, status, telemetry
from gateway.collector.alert_watch import AlertWatch
from gateway.collector.catalog_writer import CatalogWriter
from gateway.collector.day_files import DayFiles
from gateway.collector.follower import Chunk, Follower
from gateway.collector.gauges import GaugeReceiver
from gateway.collector.health_exchange import HealthHub
from gateway.collector.health_hints import HealthHints
from gateway.collector.limit_ledger import LimitLedger, hub
from gateway.collector.places import Places
from gateway.collector.repair_memory import RepairMemory
from gateway.collector.store import OUTAGE, REFUSED, Overtaken, Store
from gateway.server.memory import give_back
from governance.catalog import NAME
from governance.interactions.record import InteractionRecord
from inference.record.lines import Line, UnknownVersion, read_line
from inference.record.pricing import price

log = structlog.get_logger("pointsman.collector")

FIRST_BATCH: Final = 100
MOST_ROWS: Final = 500
LEAST_ROWS: Final = 25
LOCK_SECONDS: Final = 0.025
"""A transaction is meant to last no longer on SQLite, whose other writers wait for it."""
ROW_LOCK_SECONDS: Final = 0.25
"""The same where nobody waits for it."""
MOST_REST: Final = 0.03
"""After a transaction others may write for as long as it lasted, but no longer than this."""
FIRST_PAUSE: Final = 0.25
LONGEST_PAUSE: Final = 5.0
"""Between two tries while the database is away."""
LARGE_BATCH: Final = 500_000
"""Bytes of lines from which on a batch leaves free memory behind that is worth giving back."""
TIDY_SECONDS: Final = 1.0
PUBLISH_SECONDS: Final = 1.0
PUBLISH_SHARE: Final = 20
"""Of the time at most one in so many is spent on telling metrics, however many there are."""

_encode: Final = msgspec.json.Encoder().encode


class Collector:
    """Takes in the log of one node. `step` is called again and again."""

    def __init__(self, where: Places, *, receive_gauges: bool = True) -> None:
        self._where = where
        where.published.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._store = Store(where.node)
        self._follower = Follower(where.segments)
        self._days = DayFiles(where.day_files, self._store.extent, self._store.settle_extent)
        self._repairs = RepairMemory(where.repairs)
        self._health = HealthHub(where.health)
        self._hints = HealthHints(where.node, self._health)
        self._gauges = (
            GaugeReceiver(where.socket, on_repairs=self._repairs.hear, on_health=self._health.hear)
            if receive_gauges
            else None
        )
        self._catalog = CatalogWriter(where.published / NAME, where.models)
        self._ledger = LimitLedger(where.node)
        self._limits = hub(where, self._ledger, self._follower) if receive_gauges else None
        self.alerts = AlertWatch()
        self._settled = False
        """Whether offsets are known; else the database is asked."""
        self._batch = FIRST_BATCH
        self._one_by_one = 0
        """Lines to be taken in singly: the database refused one of them."""
        self._retry_at = 0.0
        self._pause = FIRST_PAUSE
        self._trouble = ""
        self._oldest = 0.0
        """When the oldest record ended that was tried last and did not get in, or when the trouble
        began, where none was waiting then; 0: none."""
        self._memory_lost = False
        """Whether what was learned of providers could not be written last."""
        self._lost = 0
        self._lost_at = 0.0
        self._publish_at = 0.0
        self._tidy_at = 0.0
        self._swollen = False
        """Whether a large batch was taken in since memory was given back."""
        self.rest = 0.0
        """Seconds to leave the database to others before the next step."""
        self.held = 0.0
        """Seconds of the longest transaction."""

    def step(self) -> bool:
        """Takes in the next records; whether there were any. Raises nothing that passes."""
        self._hear()
        if time.monotonic() < self._retry_at:
            return False
        try:
            worked = self._take_in()
        except (*OUTAGE, OSError, Overtaken) as error:
            self._wait(error)
            return False
        if self._trouble:
            log.warning("collector_resumed")
            self._trouble, self._pause = "", FIRST_PAUSE
        return worked

    def run_once(self) -> None:
        """Takes in everything there is, and tells it. Raises what is in the way."""
        self._retry_at = 0.0
        while self.step():
            pass
        if self._trouble:
            raise RuntimeError(self._trouble)
        self._store.note_key_uses(now=True)
        self.publish()

    def publish_when_due(self) -> None:
        now = time.monotonic()
        if now >= self._publish_at:
            self.publish()
            self._tell_others()
            took = time.monotonic() - now
            self._publish_at = now + max(PUBLISH_SECONDS, took * PUBLISH_SHARE)

    def publish(self) -> None:
        """Tells the status and the metrics."""
        now, backlog = time.time(), self._follower.backlog()
        lag = max(0.0, now - self._oldest) if self._oldest and backlog else 0.0
        in_flight, connections = self._gauges.now() if self._gauges else (0, 0)
        telemetry.IN_FLIGHT.set(in_flight)
        telemetry.CONNECTIONS.set(connections)
        telemetry.LAG.set(lag)
        telemetry.BACKLOG.set(backlog)
        telemetry.PUBLISHED.set(now)
        said = status.Status(
            now, os.getpid(), round(lag, 1), backlog, self._trouble, self._lost, self._lost_at
        )
        try:
            status.write(self._where.published, said)
            status.replace(self._where.published / "metrics.prom", telemetry.exposition())
        except OSError as error:
            log.warning("status_not_written", reason=error.strerror)

    def _tell_others(self) -> None:
        """The catalogue of models, and what alerts need to know of limits."""
        try:
            self._catalog.step()
            if self._limits is not None:
                self.alerts.offer(self._limits.in_all, self._ledger.limits)
        except (*OUTAGE, *REFUSED, OSError) as error:
            # It is tried again every second; until then what was told before holds.
            log.warning("catalog_not_written", error=type(error).__name__)

    def close(self) -> None:
        """Notes what is only noted now and then, and lets go of everything."""
        try:
            self._store.note_key_uses(now=True)
        except OUTAGE as error:
            log.warning("key_uses_not_written", error=type(error).__name__)
        self.alerts.close()
        self.publish()
        self._days.forget()
        self._follower.close()
        if self._gauges is not None:
            self._gauges.close()
        if self._limits is not None:
            self._limits.close()

    def _hear(self) -> None:
        if self._limits is not None:
            self._limits.turn()
            self._ledger.exchange(self._limits)
        if self._gauges is not None:
            self._count_lost("log", self._gauges.receive())
            self._hints.exchange()
            try:
                self._repairs.write_when_changed()
                self._health.write_when_changed()
            except OSError as error:
                # Tried again ten times a second; said once.
                if not self._memory_lost:
                    log.warning("memory_not_written", reason=error.strerror)
                self._memory_lost = True
            else:
                self._memory_lost = False

    def _count_lost(self, stage: str, count: int) -> None:
        if count:
            telemetry.DROPPED.labels(stage).inc(count)
            self._lost += count
            self._lost_at = time.time()

    def _wait(self, error: Exception) -> None:
        """Something is in the way that will pass; meanwhile the log grows on disk."""
        self._settled = False
        self._oldest = self._oldest or time.time()
        self._days.forget()
        self._store.close()
        what = error.strerror if isinstance(error, OSError) else None
        self._trouble = f"{type(error).__name__}: {what or str(error).strip() or 'no reason given'}"
        if self._pause == FIRST_PAUSE:
            log.error("records_delayed", reason=self._trouble)
        self._retry_at = time.monotonic() + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def _take_in(self) -> bool:
        if not self._settled:
            self._follower.begin(self._store.offsets())
            self._days.mend()
            self._settled = True
        chunks = self._follower.look(1 if self._one_by_one else self._batch)
        lines, unreadable = self._read(chunks)
        chunks = [chunk for chunk in chunks if chunk.lines]
        if not chunks:
            self._oldest = 0.0
            self._tidy()
            if self._swollen:
                self._swollen = False
                give_back()
            return False
        self._swollen |= sum(one.end - one.start for one in chunks) >= LARGE_BATCH
        if time.monotonic() >= self._tidy_at:
            self._tidy()
        prices = self._ledger.prices()
        records = [price(line, prices) for line in lines]
        self._oldest = min(map(_ended_at, records), default=0.0)
        by_day = _by_day(lines, records)
        self._store.saw_callers(lines)
        try:
            self._settle(records, chunks, by_day)
            if self._limits is not None:
                self._limits.ingested(lines)
        except OUTAGE:
            raise
        except REFUSED as error:
            self._days.forget()
            if len(records) > 1:
                self._one_by_one = len(records)
                return True
            self._refused(error, records, chunks, by_day)
        self._count_lost("torn", unreadable)
        self._one_by_one = max(0, self._one_by_one - sum(len(one.lines) for one in chunks))
        return True

    def _settle(
        self,
        records: Sequence[InteractionRecord],
        chunks: Sequence[Chunk],
        lines: dict[str, list[bytes]],
    ) -> None:
        grown = self._days.append(lines)
        took = self._store.commit(records, chunks, grown)
        self._days.keep(grown)
        self._follower.settle(list(chunks))
        record_metrics.count(*records)
        self.held = max(self.held, took)
        self.rest = min(took, MOST_REST) if self._store.locks_everybody else 0.0
        longest = LOCK_SECONDS if self._store.locks_everybody else ROW_LOCK_SECONDS
        if took > longest:
            self._batch = max(LEAST_ROWS, self._batch * 2 // 3)
        elif took < longest * 3 / 4:
            self._batch = min(MOST_ROWS, self._batch * 5 // 4)

    def _refused(
        self,
        error: Exception,
        records: Sequence[InteractionRecord],
        chunks: Sequence[Chunk],
        lines: dict[str, list[bytes]],
    ) -> None:
        """The database will never take this one: it stays in the log alone."""
        grown = self._days.append(lines)
        self._store.commit((), chunks, grown)
        self._days.keep(grown)
        self._follower.settle(list(chunks))
        self._count_lost("database", len(records))
        refused = [record.id for record in records]
        log.error("interaction_row_refused", id=refused, error=type(error).__name__)

    def _read(self, chunks: Sequence[Chunk]) -> tuple[list[Line], int]:
        """The lines, and how many are none. Of a newer release's segment nothing more is read."""
        lines: list[Line] = []
        unreadable = 0
        for chunk in chunks:
            for place, text in enumerate(chunk.lines):
                try:
                    lines.append(read_line(text))
                except UnknownVersion as error:
                    log.error("log_of_a_newer_release", segment=chunk.segment, found=str(error))
                    self._follower.hold(chunk.segment)
                    del chunk.lines[place:]
                    break
                except (msgspec.MsgspecError, ValueError):
                    unreadable += 1
        return self._store.unbooked(lines), unreadable

    def _tidy(self) -> None:
        self._tidy_at = time.monotonic() + TIDY_SECONDS
        gone, torn = self._follower.finish()
        self._count_lost("torn", torn)
        if gone:
            self._store.forget(gone)
        self._store.note_key_uses()


def _ended_at(record: InteractionRecord) -> float:
    return datetime.fromisoformat(record.time).timestamp() + record.duration_ms / 1000


_DAY: Final = len("2030-01-31")


def _by_day(lines: Sequence[Line], records: Sequence[InteractionRecord]) -> dict[str, list[bytes]]:
    """Lines for the file of each day."""
    days: dict[str, list[bytes]] = {}
    for line, record in zip(lines, records, strict=True):
        days.setdefault(record.time[:_DAY], []).append(documented(line, record))
    return days


def documented(line: Line, record: InteractionRecord) -> bytes:
    """The line of the documented log, with what was said where that is kept."""
    if line.request is None:
        return _encode(record) + b"\n"
    # Loads every translator, which an installation that logs no content needs none of.
    from inference.record.answer_text import answer_text

    said = msgspec.structs.replace(
        record,
        request=line.request.decode(errors="replace"),
        answer=answer_text(line.answer or b""),
    )
    return _encode(said) + b"\n"
