"""Records on their way into the database, by a thread of their own: nobody waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Final

import msgspec
import structlog
from django.db import (
    DatabaseError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    connections,
    transaction,
)

from governance.interactions.record import InteractionRecord
from governance.interactions.rows import COLUMNS, values_of
from governance.models.interaction import Interaction
from inference.record.backlog import Backlog
from inference.record.batch import Batch
from inference.record.key_uses import KeyUses
from inference.record.pace import Pace

log = structlog.get_logger("pointsman.recording")

LIMIT: Final = 1_000_000
"""Records that may wait for the database: 50 to 100 MB of disk when all of them do."""
BATCH: Final = 50
"""Rows of one transaction: on SQLite it holds up other writers for a few milliseconds."""
PIECE: Final = 5
"""Rows that are inserted without a rest. The system leaves a thread its core for milliseconds if
it wants to, which a request would notice: it takes a tenth of that."""
REST: Final = 0.0005
LONGEST_PAUSE: Final = 30.0
IDLE: Final = 10.0
"""Seconds after which an idle connection is given back."""
OUTAGE: Final = (OperationalError, InterfaceError, ProgrammingError)
"""What passes: the database is away or locked, the disk full, the table not migrated yet."""


class RowWriter:
    """Inserts rows in batches; through an outage it keeps what fits and counts the rest."""

    def __init__(
        self, *, using: str = "default", limit: int = LIMIT, first_pause: float = 1.0
    ) -> None:
        self._using = using
        self._first_pause = first_pause
        self._queue = Backlog(limit)
        self._decode = msgspec.json.Decoder(InteractionRecord).decode
        self._pace = Pace()
        self._key_uses = KeyUses()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        table = connections[using].ops.quote_name(Interaction._meta.db_table)
        names = ", ".join(connections[using].ops.quote_name(name) for name in COLUMNS)
        marks = ", ".join(["%s"] * len(COLUMNS))
        self._insert = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608  # our names
        self.dropped = 0
        """Records that found no room, that the disk lost, or that the database would not take."""

    def add(self, batch: Batch) -> None:
        """Takes records without what was said, which is no part of a row."""
        self.dropped += len(batch.plain) - self._queue.add(batch.plain)

    def flush(self) -> None:
        if self._queue:
            self._wake.set()

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="row-writer", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """Writes what is waiting, unless the database is away; at most `timeout` seconds."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout)
            self._thread = None

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                if not self._wake.wait(IDLE):
                    connections[self._using].close()
                    continue
                self._wake.clear()
                self._empty()
                self._note_key_uses()
            self._empty()
            self._note_key_uses(now=True)
        finally:
            connections[self._using].close()

    def _empty(self) -> None:
        """Inserts until nothing is waiting; waits out outages, but not when asked to stop."""
        pause = self._first_pause
        out = False
        while self._queue:
            began = time.monotonic()
            batch = self._queue.first(BATCH)
            self.dropped += self._queue.forget_lost()
            if not batch:
                return
            try:
                self._write(batch)
            except OUTAGE as error:
                connections[self._using].close()
                if not out:
                    log.error("interaction_rows_delayed", error=type(error).__name__)
                    out = True
                if self._stopping.wait(pause):
                    self.dropped += self._queue.clear()
                    return
                pause = min(pause * 2, LONGEST_PAUSE)
                continue
            if out:
                log.warning("interaction_rows_resumed", dropped_so_far=self.dropped)
                out, pause = False, self._first_pause
            rest = len(batch) / self._pace.now() - (time.monotonic() - began)
            if rest > 0:
                self._stopping.wait(rest)

    def _note_key_uses(self, *, now: bool = False) -> None:
        try:
            self._key_uses.write(now=now)
        except DatabaseError as error:
            # It is tried again with the next rows.
            log.warning("key_uses_delayed", error=type(error).__name__)
            connections[self._using].close()

    def _write(self, batch: Sequence[bytes]) -> None:
        """Writes the front of the queue, or what the database takes of it. Raises `OUTAGE`."""
        try:
            self._execute(batch)
        except OUTAGE:
            raise
        except (DatabaseError, ValueError, TypeError, OverflowError) as error:
            if len(batch) > 1:
                middle = len(batch) // 2
                self._write(batch[:middle])
                self._write(batch[middle:])
                return
            self.dropped += 1
            refused = self._decode(batch[0]).id
            log.error("interaction_row_refused", id=refused, error=type(error).__name__)
        self._queue.done(len(batch))

    def _execute(self, batch: Sequence[bytes]) -> None:
        connection = connections[self._using]
        moment = connection.ops.adapt_datetimefield_value
        with transaction.atomic(using=self._using), connection.cursor() as cursor:
            for start in range(0, len(batch), PIECE):
                piece = [self._decode(line) for line in batch[start : start + PIECE]]
                # A key was used, whatever becomes of the row.
                self._key_uses.saw(piece)
                cursor.executemany(self._insert, [values_of(record, moment) for record in piece])
                if not self._stopping.is_set():
                    time.sleep(REST)
