"""The collector's end of the exchange of limits: the last word of each process, and the ledger."""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from gateway.collector.limit_exchange import (
    INTERVAL,
    STALE,
    ExchangeAnswer,
    ProcessTotals,
    Total,
)
from governance.limits.counting.escrow import NEAR, UNKNOWN
from inference.record.lines import CounterKey, Line

SUMS_SECONDS: Final = 0.05
"""Of a turn, in which the ledger may be asked anew; there may be as many counters as keys."""
FORGET_SECONDS: Final = 10.0
MOST_NEAR: Final = 50
"""Limits of which the ledger is asked anew whenever other nodes are heard."""


class Away(NamedTuple):
    """What other nodes have of a counter."""

    used: float = 0.0
    """Beside what the ledger holds."""
    held: float = 0.0
    processes: int = 0
    """Theirs that count it."""


class LastWord(NamedTuple):
    """What a process told last of a counter, when, and the last record it had written by then."""

    total: Total
    at: float
    number: int


class ExchangeHub:
    """The collector's end: keeps the last word of each process, and the ledger's sums."""

    def __init__(
        self,
        path: Path,
        ledger: Callable[[Total], float],
        *,
        caught_up: Callable[[], bool] = lambda: False,
        amount_of: Callable[[Total], float] = lambda one: inf,
        resum: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`ledger` gives the ledger's sum for a counter; it raises where it can not be had.

        `caught_up` tells whether all of the log is in the ledger, `amount_of` how much a limit
        allows. `resum` are the seconds after
        which the ledger is asked again, which mends whatever was missed.
        """
        self._resum = resum
        self._path, self._ledger, self._clock = path, ledger, clock
        self._decode = msgspec.json.Decoder(ProcessTotals).decode
        self._forget_at = self._sums_until = 0.0
        self._is_caught_up = False
        self._fresh_from = clock() + 2 * INTERVAL
        """Until then not every process may have told anything."""
        self._told: dict[CounterKey, dict[str, LastWord]] = {}
        self._sums: dict[CounterKey, float] = {}
        self._summed_at: dict[CounterKey, float] = {}
        self._seen: dict[str, int] = {}
        self._taken_in: dict[tuple[CounterKey, str], deque[tuple[int, float]]] = {}
        """What records of a process, by their numbers, added to the ledger's sum."""
        self._caught_up, self._amount_of = caught_up, amount_of
        self.away: Callable[[Total], Away] = lambda one: Away()
        """What other nodes use and hold of a counter."""
        self.heard_all: Callable[[], bool] = lambda: True
        """Whether all other nodes have been heard a moment ago."""
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(str(path))
        path.chmod(0o600)

    def ingested(self, lines: Iterable[Line]) -> None:
        """These are in the ledger now."""
        sums, told, taken_in = self._sums, self._told, self._taken_in
        for line in lines:
            process, number = line.process, line.number
            if not process:
                continue
            self._seen[process] = max(number, self._seen.get(process, 0))
            for key, amount in line.additions():
                if key in sums:
                    sums[key] += amount
                if key in told:
                    place = key, process
                    if place not in taken_in:
                        taken_in[place] = deque()
                    taken_in[place].append((number, amount))

    def turn(self) -> None:
        """Answers whatever has come."""
        self._sums_until = self._clock() + SUMS_SECONDS
        self._is_caught_up = self._caught_up()
        while True:
            try:
                told = self._decode(self._socket.recv(1 << 18))
            except BlockingIOError:
                break
            except (OSError, msgspec.MsgspecError):
                continue
            self._answer(told)
        self._forget()

    def totals(self) -> list[Total]:
        """What this node uses and holds of each counter."""
        now = self._clock()
        found = []
        for key, by_process in self._told.items():
            last = next(iter(by_process.values())).total
            used, held, sharers = self._others(key, "", now)
            found.append(Total(*key, used, held, last.of_ledger, last.end, sharers=sharers))
        return found

    def in_all(self) -> list[Total]:
        """What everybody uses and holds of each counter, as far as this node knows."""
        found = []
        for one in self.totals():
            used, held, _ = self.away(one)
            if one.of_ledger:
                used += self._sums.get((one.limit, one.scope, one.begin), 0.0)
            found.append(msgspec.structs.replace(one, used=one.used + used, held=one.held + held))
        return found

    def heard_others(self) -> bool:
        """The totals of other nodes are new; whether any limit is nearly used up.

        What they have put into the ledger is no longer in their totals: of such a limit the ledger
        is asked anew, after them, so that nothing falls between the two.
        """
        near = [one for one in self.in_all() if one.used + one.held > NEAR * self._amount_of(one)]
        for one in near[:MOST_NEAR]:
            self._summed_at.pop((one.limit, one.scope, one.begin), None)
        return bool(near)

    def close(self) -> None:
        self._socket.close()
        with suppress(OSError):
            self._path.unlink()

    def _answer(self, told: ProcessTotals) -> None:
        now = self._clock()
        fresh = now >= self._fresh_from and self.heard_all()
        answers = []
        for one in told.totals:
            key = one.limit, one.scope, one.begin
            words = self._told.get(key)
            if words is None:
                words = self._told[key] = {}
            words[told.process] = LastWord(one, now, told.number)
            found = self._answer_of(one, told.process, now, fresh=fresh)
            if found is not None:
                answers.append(found)
        if told.process not in self._seen and told.number and self._is_caught_up:
            # This collector is a later one than that which took its records in.
            self._seen[told.process] = told.number
        answer = msgspec.json.encode(
            ExchangeAnswer(self._seen.get(told.process, 0), tuple(answers), fresh)
        )
        reply_to = Path(told.reply_to)
        if reply_to.parent != self._path.parent:
            return
        try:
            self._socket.sendto(answer, str(reply_to))
        except ConnectionRefusedError:
            reply_to.unlink(missing_ok=True)
        except OSError:
            return

    def _answer_of(self, one: Total, process: str, now: float, *, fresh: bool) -> Total | None:
        """None where it is not known what is used."""
        key = one.limit, one.scope, one.begin
        used, held, others = self._others(key, process, now)
        away, booked = self.away(one), UNKNOWN
        sharers = 1 + others + away.processes
        if not fresh:
            # Those that were there before this collector was, or before the others fell silent.
            sharers = max(sharers, *(last.total.sharers for last in self._told[key].values()))
        used += away.used
        if one.of_ledger:
            found = self._sum(one, now)
            if found is None:
                # The ledger can not be asked, and so does not grow: what processes know of it
                # holds.
                found = max(last.total.booked for last in self._told[key].values())
            if found == UNKNOWN:
                return None
            used, booked = used + found, found
        held += away.held
        return Total(*key, used, held, one.of_ledger, one.end, booked=booked, sharers=sharers)

    def _others(self, key: CounterKey, process: str, now: float) -> tuple[float, float, int]:
        """Used and held by the other processes, and how many these are; of one that is gone nothing
        is held any more."""
        used = held = 0.0
        count, words = 0, self._told[key]
        if len(words) == 1 and process in words:
            return used, held, count
        for name, (total, at, number) in words.items():
            if name == process:
                continue
            alive = now - at < STALE
            left = total.begin == 0 < total.end < now - at
            if not alive and (self._is_caught_up if total.of_ledger else left):
                # Its records are in the ledger, and what slides has left the window.
                continue
            used += total.used - self._in_ledger(key, name, total.acked, number)
            held += total.held if alive else 0.0
            count += alive
        return used, held, count

    def _in_ledger(self, key: CounterKey, process: str, acked: int, number: int) -> float:
        """Of what the process told it used, what is in the ledger by now."""
        taken_in = self._taken_in.get((key, process))
        if not taken_in:
            return 0.0
        while taken_in and taken_in[0][0] <= acked:
            taken_in.popleft()
        return sum(amount for place, amount in taken_in if place <= number)

    def _sum(self, one: Total, now: float) -> float | None:
        key = one.limit, one.scope, one.begin
        due = now - self._summed_at.get(key, -inf) >= self._resum
        if due and self._clock() < self._sums_until:
            try:
                self._sums[key] = self._ledger(one)
                self._summed_at[key] = now
            except Exception:
                self._sums_until = -inf
        return self._sums.get(key)

    def _forget(self) -> None:
        """What nobody tells of any more: soon, or after the longest window that slides."""
        now = self._clock()
        if now < self._forget_at:
            return
        self._forget_at = now + FORGET_SECONDS
        for key in [key for key, words in self._told.items() if _is_old(words.values(), now)]:
            for process in self._told.pop(key):
                self._taken_in.pop((key, process), None)
            self._sums.pop(key, None)
            self._summed_at.pop(key, None)


def _is_old(words: Iterable[LastWord], now: float) -> bool:
    return all(now - one.at > (200.0 if one.total.of_ledger else 3700.0) for one in words)
