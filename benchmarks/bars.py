"""What the product must show, and whether a run showed it. Nothing here fails a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.rounds import Measured

US, REFERENCE, DIRECT = "pointsman", "reference", "direct"


@dataclass(frozen=True)
class Verdict:
    title: str
    value: float
    bar: float
    unit: str = ""
    at_least: bool = True
    """Whether more is better."""

    @property
    def met(self) -> bool:
        return self.value >= self.bar if self.at_least else self.value <= self.bar

    def __str__(self) -> str:
        sign = "at least" if self.at_least else "at most"
        word = "met" if self.met else "MISSED"
        return f"{self.title}: {self.value:.2f}{self.unit} ({sign} {self.bar:g}{self.unit}) {word}"


def verdicts(cases: Mapping[str, Measured], footprint: Mapping[str, Any]) -> Iterator[Verdict]:
    """One for each bar whose figures are there."""
    for case, figure, title, bar, at_least in (
        ("whole-32", "rate", "whole answers, 32 callers, of the reference", 1.0, True),
        ("stream-32", "rate", "streams of 64 chunks, 32 callers, of the reference", 1.0, True),
        ("stream-to-anthropic", "rate", "translated streams, of the reference", 0.7, True),
        ("whole-1", "p50", "latency, one caller, median, of the reference", 1.0, False),
        ("whole-1", "p99", "latency, one caller, 99th, of the reference", 1.15, False),
        ("stream-1", "first_p50", "first chunk, one caller, of the reference", 1.2, False),
    ):
        found = cases[case].ratio(figure, US, REFERENCE) if case in cases else None
        if found is not None:
            yield Verdict(title, found, bar, at_least=at_least)
    if "paced" in cases:
        found = cases["paced"].ratio("rate", US, DIRECT)
        if found is not None:
            yield Verdict("paced streams, 256 callers, of direct", found, 0.99)
    if "tables" in cases:
        names = list(cases["tables"].rounds)
        found = cases["tables"].ratio("rate", names[-1], names[0])
        if found is not None:
            yield Verdict(f"{names[-1]} against {names[0]}", found, 0.85)
    yield from _limits(cases)
    yield from _features(cases)
    if "workers" in cases:
        found = scaling(cases["workers"])
        if found is not None:
            yield Verdict("two workers on two cores against one on one", found, 1.8)
    yield from _footprint(footprint)


def _limits(cases: Mapping[str, Measured]) -> Iterator[Verdict]:
    for case, bar, title in (
        ("limits-bound", 0.95, "a key with twelve limits, of the same without"),
        ("limits-each", 0.9, "many keys with a limit each, of the same without"),
    ):
        found = cases[case].ratio("rate", "with", "without") if case in cases else None
        if found is not None:
            yield Verdict(title, found, bar)


def _features(cases: Mapping[str, Measured]) -> Iterator[Verdict]:
    """By processor time, which other work on the machine changes least."""
    for case, word in (("features-whole", "whole answers"), ("features-stream", "streams")):
        found = cases[case].ratio("cpu", "on", "off") if case in cases else None
        if found is not None:
            title = f"sessions, hedges, retries and continuation, processor time of {word}"
            yield Verdict(title, found, 1.03, at_least=False)


def scaling(workers: Measured) -> float | None:
    """How much more two processes carry on two cores than one on one.

    The load runs on the second core. One process has the first for itself; two have what the load
    leaves of both.
    """
    one, two = (workers.rounds.get(name, []) for name in ("one worker", "two workers"))
    shares = [
        2 * (b.rate / (2 - b.load_share)) / a.rate for a, b in zip(one, two, strict=False) if a.rate
    ]
    return median(shares) if shares else None


def _footprint(footprint: Mapping[str, Any]) -> Iterator[Verdict]:
    memory, start = footprint.get("memory"), footprint.get("cold_start")
    limits = footprint.get("limits")
    if limits:
        yield Verdict("limits of many keys, memory", limits["memory"], 60, " MB", at_least=False)
        title = "limits of many keys, table compiled in"
        yield Verdict(title, limits["compile"], 5, " s", at_least=False)
    if memory and memory["idle"]:
        yield Verdict("memory, idle", memory["idle"], 95, " MB", at_least=False)
        growth = (memory["after_requests"] / memory["idle"] - 1) * 100
        title = f"memory, growth after {memory['requests']:,} requests"
        yield Verdict(title, growth, 5, "%", at_least=False)
    if start:
        yield Verdict("cold start", start["seconds"], 1.0, " s", at_least=False)
