"""How processes tell one another what they use of limits, through the node's collector.

Every quarter of a second a web process tells the absolute totals of its counters, never increments:
a datagram that is lost, or comes twice, changes nothing. The collector answers with what others use
and with the ledger's sum, beside the number of the last record of that process the sum holds.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import Final

import msgspec

from governance.limits.counting.book import LimitBook
from governance.limits.counting.counter import Counter, Key
from governance.limits.counting.escrow import UNKNOWN

INTERVAL: Final = 0.25
"""Seconds between two tellings; what is shared out is told as often as there is a turn."""
STALE: Final = 2.0
"""Seconds after which what was told is too old for a strict limit, and what a process held has
lapsed that nobody hears from any more."""
BLIND: Final = 1.0
"""Seconds without an answer, or without news of other nodes, after which one keeps to a share."""
RESTING: Final = 4
"""Of so many tellings one has the counters too that nobody touched meanwhile."""
EACH: Final = 100
"""Counters in one datagram."""
IDLE: Final = 60.0
"""Seconds after which a counter that nobody touched is told no more."""


class Total(msgspec.Struct, frozen=True, array_like=True):
    """One counter of one process."""

    limit: int
    scope: str
    begin: float
    """Of the window; 0 for one that slides."""
    used: float
    """By the process, and where the ledger counts, only what it does not hold yet."""
    held: float
    of_ledger: bool = False
    """Whether the ledger's sum is wanted."""
    end: float = 0.0
    """Of the window; 0 for one that has none, and of one that slides its seconds."""
    acked: int = 0
    """The number of the process's last record that `used` leaves out, for the ledger holds it."""
    booked: float = UNKNOWN
    """The ledger's sum, as the process knows it from the collector; or the collector from it."""
    sharers: int = 1
    """Processes that count it, on all nodes."""


class ProcessTotals(msgspec.Struct, frozen=True, array_like=True):
    """What a process tells; its answer goes to the socket it names."""

    process: str
    reply_to: str
    number: int
    """Of the last record it has written to the log."""
    totals: tuple[Total, ...]


class ExchangeAnswer(msgspec.Struct, frozen=True, array_like=True):
    """What others use; `seen` is the number of the last record of this process in the ledger."""

    seen: int
    totals: tuple[Total, ...]
    """`used` is that of others and of the ledger."""
    fresh: bool = True
    """Whether all other nodes have been heard."""


class ExchangeClient:
    """The web process's end, on its event loop: never waits."""

    def __init__(
        self,
        book: LimitBook,
        hub: Path,
        process: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._book, self._hub, self._process, self._clock = book, str(hub), process, clock
        self._own = hub.with_name(f"l-{process[-12:]}.sock")
        self._decode = msgspec.json.Decoder(ExchangeAnswer).decode
        self._next = self._heard_at = 0.0
        self._turns = 0
        self._blind = False
        self._shared_out: set[Key] = set()
        """Counters of which a part is left to this process."""
        self._socket: socket.socket | None = None

    def turn(self) -> None:
        """Takes in what has come and tells what is new, if it is time."""
        self._take_in()
        now = self._clock()
        counters = self._book.counters
        self._look_out(now)
        if now < self._next:
            self._send([counters[one] for one in self._shared_out if one in counters])
            return
        self._next = now + INTERVAL
        self._turns += 1
        self._book.lapse(now)
        # What rests is told less often: there may be as many counters as keys.
        recent = IDLE if self._turns % RESTING == 0 else INTERVAL * RESTING
        self._send(
            [
                one
                for one in list(counters.values())
                if now - one.touched < recent or not one.known or one.held
            ],
            # Where there is nothing to tell, the answer still says whether others are heard of.
            always=bool(counters),
        )

    def _look_out(self, now: float) -> None:
        """Where nobody answers any more, each limit that others count too is kept to a share."""
        blind = self._socket is not None and now > self._heard_at + BLIND
        if blind is not self._blind:
            self._blind = blind
            for one in self._book.counters.values():
                one.lost_sight(now, blind=blind)

    def _send(self, counters: Sequence[Counter], *, always: bool = False) -> None:
        if not (counters or always) or (self._socket is None and not self._open()):
            return
        assert self._socket is not None
        number = self._book.number
        for start in range(0, max(1, len(counters)), EACH):
            totals = tuple(map(_total, counters[start : start + EACH]))
            told = ProcessTotals(self._process, str(self._own), number, totals)
            with suppress(OSError):
                self._socket.sendto(msgspec.json.encode(told), self._hub)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            with suppress(OSError):
                self._own.unlink()

    def _open(self) -> bool:
        try:
            self._own.unlink(missing_ok=True)
            made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            made.setblocking(False)
            made.bind(str(self._own))
            self._own.chmod(0o600)
        except OSError:
            return False
        self._socket = made
        # From now on what others use can be too old.
        self._heard_at = self._clock()
        self._book.fresh_until = self._heard_at + STALE
        return True

    def _take_in(self) -> None:
        self._book.allotments.fold()
        if self._socket is None:
            return
        while True:
            try:
                answer = self._decode(self._socket.recv(1 << 18))
            except BlockingIOError:
                return
            except (OSError, msgspec.MsgspecError):
                continue
            now = self._clock()
            self._heard_at = now
            if answer.fresh:
                self._book.fresh_until = now + STALE
            for one in answer.totals:
                key = one.limit, one.scope
                counter = self._book.counters.get(key)
                if counter is None:
                    continue
                counter.told(one.begin, one.used, one.held, answer.seen, ledger=one.of_ledger)
                counter.share_with(one.sharers, now, fresh=answer.fresh, booked=one.booked)
                if counter.ceiling < counter.amount:
                    self._shared_out.add(key)
                else:
                    self._shared_out.discard(key)


def _total(counter: Counter) -> Total:
    slides, escrow = counter.slides, counter.escrow
    return Total(
        counter.limit.id,
        counter.scope,
        0.0 if slides else counter.begin,
        counter.own,
        counter.held,
        counter.of_ledger,
        counter.end - counter.begin if slides else 0.0 if counter.end == inf else counter.end,
        counter.acked,
        *((UNKNOWN, 1) if escrow is None else (escrow.booked, max(1, escrow.sharers))),
    )
