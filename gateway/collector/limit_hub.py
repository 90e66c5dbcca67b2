"""The collector's end of the exchange of limits: the last word of each process, and the ledger."""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import NamedTuple

import msgspec

from gateway.collector.limit_exchange import STALE, ExchangeAnswer, ProcessTotals, Total
from inference.record.lines import Line

CounterKey = tuple[int, str, float]
"""Limit, scope, and when the window begins."""


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
        resum: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`ledger` gives the ledger's sum for a counter; it raises where it can not be had.

        `caught_up` tells whether all of the log is in the ledger. `resum` are the seconds after
        which the ledger is asked again, which mends whatever was missed.
        """
        self._resum = resum
        self._path, self._ledger, self._clock = path, ledger, clock
        self._decode = msgspec.json.Decoder(ProcessTotals).decode
        self._told: dict[CounterKey, dict[str, LastWord]] = {}
        self._sums: dict[CounterKey, float] = {}
        self._summed_at: dict[CounterKey, float] = {}
        self._seen: dict[str, int] = {}
        self._taken_in: dict[tuple[CounterKey, str], deque[tuple[int, float]]] = {}
        """What records of a process, by their numbers, added to the ledger's sum."""
        self._caught_up = caught_up
        self.away: Callable[[Total], tuple[float, float]] = lambda one: (0.0, 0.0)
        """What other nodes use and hold of a counter."""
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(str(path))
        path.chmod(0o600)

    def ingested(self, lines: Iterable[Line]) -> None:
        """These are in the ledger now."""
        for line in lines:
            if not line.process:
                continue
            self._seen[line.process] = max(line.number, self._seen.get(line.process, 0))
            for limit, scope, begin, amount in line.counted:
                key = limit, scope, begin
                if key in self._sums:
                    self._sums[key] += amount
                if key in self._told:
                    taken_in = self._taken_in.setdefault((key, line.process), deque())
                    taken_in.append((line.number, amount))

    def turn(self) -> None:
        """Answers whatever has come."""
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
            used, held = self._others(key, "", now)
            found.append(Total(*key, used, held, last.of_ledger, last.end))
        return found

    def in_all(self) -> list[Total]:
        """What everybody uses and holds of each counter, as far as this node knows."""
        found = []
        for one in self.totals():
            used, held = self.away(one)
            if one.of_ledger:
                used += self._sums.get((one.limit, one.scope, one.begin), 0.0)
            found.append(msgspec.structs.replace(one, used=one.used + used, held=one.held + held))
        return found

    def close(self) -> None:
        self._socket.close()
        with suppress(OSError):
            self._path.unlink()

    def _answer(self, told: ProcessTotals) -> None:
        now = self._clock()
        answers = []
        for one in told.totals:
            key = one.limit, one.scope, one.begin
            self._told.setdefault(key, {})[told.process] = LastWord(one, now, told.number)
            used, held = self._others(key, told.process, now)
            away_used, away_held = self.away(one)
            known = True
            if one.of_ledger:
                found = self._sum(one, now)
                known = found is not None
                used += found or 0.0
            if known:
                answers.append(
                    Total(*key, used + away_used, held + away_held, one.of_ledger, one.end)
                )
        if told.process not in self._seen and told.number and self._caught_up():
            # This collector is a later one than that which took its records in.
            self._seen[told.process] = told.number
        answer = msgspec.json.encode(
            ExchangeAnswer(self._seen.get(told.process, 0), tuple(answers))
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

    def _others(self, key: CounterKey, process: str, now: float) -> tuple[float, float]:
        """Used and held by the other processes; of one that is gone nothing is held any more."""
        used = held = 0.0
        for name, (total, at, number) in self._told.get(key, {}).items():
            if name == process:
                continue
            alive = now - at < STALE
            if not alive and (total.of_ledger or (total.begin == 0 < total.end < now - at)):
                # Its records are in the log, and so in the ledger before long; and what slides
                # has left the window.
                continue
            used += total.used - self._in_ledger(key, name, total.acked, number)
            held += total.held if alive else 0.0
        return used, held

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
        if now - self._summed_at.get(key, -inf) >= self._resum:
            try:
                self._sums[key] = self._ledger(one)
            except Exception:
                return self._sums.get(key)
            self._summed_at[key] = now
        return self._sums.get(key)

    def _forget(self) -> None:
        """What nobody has told of for as long as a window that slides."""
        now, long = self._clock(), 3700.0
        for key in [
            key
            for key, by_process in self._told.items()
            if all(now - one.at > long for one in by_process.values())
        ]:
            for process in self._told.pop(key):
                self._taken_in.pop((key, process), None)
            self._sums.pop(key, None)
            self._summed_at.pop(key, None)
