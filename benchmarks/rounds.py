"""Interleaved rounds: every subject in turn, again and again, so that all see the same machine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks import machine
from benchmarks.cases import Case
from benchmarks.programs import Load, Mock, Shot
from benchmarks.subjects import Subject, WrongAnswer

_FIRST_PASSES: Final = 3
"""Times that each of many requests is sent before its rounds begin."""


@dataclass(frozen=True)
class Round:
    """One load on one subject. Times in microseconds."""

    rate: float
    """Complete answers per second."""
    p50: float
    p99: float
    first_p50: float
    """Until the first byte of the body."""
    first_p99: float
    gap_p99: float
    """The longest silence within an answer."""
    cpu: float | None
    """Processor time of the subject for one answer; None where it cannot be told."""
    loop_cpu: float | None
    """Of `cpu`, what its event loop's thread needed."""
    kept_waiting: float | None
    """Share of the round in which the event loop could have run and something else had its core,
    another thread of the subject included."""
    load_share: float
    """How much of its core the load needed: near 1, the load was the bottleneck."""
    completed: int
    errors: int
    error: str


@dataclass(frozen=True)
class Plan:
    """How long and how often."""

    rounds: int = 5
    seconds: float = 1.0
    warm_up: float = 0.2
    settling: float = 4.0
    """Seconds until what a first use leaves to be made later is made: series of metrics, rows."""


@dataclass
class Measured:
    """A case, measured: the rounds of each subject, and what went wrong."""

    name: str
    title: str
    callers: int
    rounds: dict[str, list[Round]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def median(self, subject: str, figure: str) -> float | None:
        """Over the rounds; None when the subject was not measured."""
        values: list[float | None] = [getattr(one, figure) for one in self.rounds.get(subject, ())]
        known = [value for value in values if value is not None]
        return median(known) if known else None

    def ratio(self, figure: str, subject: str, other: str) -> float | None:
        """The median over the rounds of the subject's figure as a share of the other's."""
        pairs = zip(self.rounds.get(subject, ()), self.rounds.get(other, ()), strict=False)
        shares = [
            getattr(a, figure) / getattr(b, figure)
            for a, b in pairs
            if getattr(a, figure) and getattr(b, figure)
        ]
        return median(shares) if shares else None

    def added(self, figure: str, subject: str, other: str = "direct") -> float | None:
        """The median over the rounds of what the subject's figure has on top of the other's."""
        pairs = zip(self.rounds.get(subject, ()), self.rounds.get(other, ()), strict=False)
        differences = [getattr(a, figure) - getattr(b, figure) for a, b in pairs]
        return median(differences) if differences else None

    def spread(self, subject: str) -> float | None:
        """From the slowest round to the fastest, as a share of the median rate."""
        rates = [one.rate for one in self.rounds.get(subject, ())]
        middle = median(rates) if rates else 0.0
        return (max(rates) - min(rates)) / middle if middle else None

    def document(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "callers": self.callers,
            "wrong": self.wrong,
            "subjects": {
                name: {
                    "median": {
                        figure: self.median(name, figure)
                        for figure in (
                            "rate",
                            "p50",
                            "p99",
                            "first_p50",
                            "first_p99",
                            "cpu",
                            "loop_cpu",
                        )
                    },
                    "spread": self.spread(name),
                    "rounds": [asdict(one) for one in rounds],
                }
                for name, rounds in self.rounds.items()
            },
        }


class Range:
    """Where rounds are shot: the mock, the cores, a folder for the load's files."""

    def __init__(
        self, mock: Mock, cores: machine.Cores, folder: Path, *, python_load: bool = False
    ) -> None:
        self.mock = mock
        self.cores = cores
        self.folder = folder
        self._python = python_load

    def measure(self, case: Case, subjects: Sequence[Subject], plan: Plan) -> Measured:
        """The case on every subject that takes it."""
        measured = Measured(case.name, case.title, case.callers)
        shots: list[tuple[Subject, Shot]] = []
        for subject in subjects:
            if not subject.takes(case):
                continue
            try:
                shots.append((subject, subject.shot(case)))
            except WrongAnswer as wrong:
                measured.wrong.append(str(wrong))
        for subject, shot in shots:
            if len(shot.requests) > 1:
                # What is made when a key or a profile is first used is not what a round is about.
                each = -(-len(shot.requests) * _FIRST_PASSES // shot.callers)
                self.shoot(subject, replace(shot, each=each), plan)
        if any(len(shot.requests) > 1 for _, shot in shots):
            time.sleep(plan.settling)
        for number in range(plan.rounds):
            turn = number % len(shots) if shots else 0
            for subject, shot in shots[turn:] + shots[:turn]:
                # What one has put off must not be done while another is measured.
                others = {pid for other, _ in shots for pid in other.pids} - set(subject.pids)
                with machine.halted(others):
                    one = self.shoot(subject, shot, plan)
                measured.rounds.setdefault(subject.name, []).append(one)
                if one.errors:
                    measured.wrong.append(
                        f"{subject.name}, {case.name}: {one.errors} answers were wrong, "
                        f"the first: {one.error}"
                    )
        return measured

    def shoot(self, subject: Subject, shot: Shot, plan: Plan) -> Round:
        pids = list(subject.pids)
        before = machine.cpu_time(pids)
        mock_before = machine.cpu_time([self.mock.process.pid])
        began = time.monotonic()
        found = Load(
            shot,
            self.folder,
            seconds=plan.seconds,
            warm_up=shot.spread if shot.each else plan.warm_up,
            core=self.cores.load,
            python=self._python,
        ).result()
        took = time.monotonic() - began
        after = machine.cpu_time(pids)
        used = after - before if after and before else None
        return Round(
            rate=_rate(shot, found),
            p50=found["whole"]["p50"],
            p99=found["whole"]["p99"],
            first_p50=found["first"]["p50"],
            first_p99=found["first"]["p99"],
            gap_p99=found["gap"]["p99"],
            cpu=used.ran / found["finished"] * 1e6 if used and found["finished"] else None,
            loop_cpu=used.loop / found["finished"] * 1e6 if used and found["finished"] else None,
            kept_waiting=used.waited / took if used else None,
            load_share=self._load_share(mock_before, found["cpu_seconds"], took),
            completed=found["completed"],
            errors=found["errors"] + found["unfinished"],
            error=found["error"] or ("some never ended" if found["unfinished"] else ""),
        )

    def _load_share(self, before: machine.CpuTime | None, load: float, took: float) -> float:
        after = machine.cpu_time([self.mock.process.pid])
        mock = (after - before).ran if after and before else 0.0
        shared = self.cores.mock == self.cores.load
        return (mock + load if shared else max(mock, load)) / took


def _rate(shot: Shot, found: dict[str, Any]) -> float:
    """Where each caller sends a few long streams, the ends of the interval would count too much:
    callers that never pause finish `callers / mean duration` (Little's law)."""
    if not found["completed"]:
        return 0.0
    if shot.each:
        return float(shot.callers / found["whole"]["mean"] * 1e6)
    return float(found["completed"] / found["seconds"])
