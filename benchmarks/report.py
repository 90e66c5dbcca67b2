"""Figures as people read them: lines while a run goes on, a Markdown table for the docs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from benchmarks.bars import DIRECT, REFERENCE, US, Verdict, scaling
from benchmarks.rounds import Measured

_COLUMNS = (
    ("direct", 9),
    ("reference", 9),
    ("pointsman", 9),
    ("of ref.", 7),
    ("of direct", 9),
    ("added p50", 10),
    ("p99 of ref.", 11),
    ("first added", 11),
    ("CPU us", 7),
    ("loop us", 7),
    ("of ref.", 7),
    ("spread", 6),
    ("load", 5),
    ("kept waiting", 12),
)
_TITLE_WIDTH = 52


def heading() -> str:
    """The first line of the table that `line` continues."""
    return f"{'answers per second':{_TITLE_WIDTH}}" + "".join(
        f" {name:>{width}}" for name, width in _COLUMNS
    )


def line(measured: Measured, subject: str = US) -> str:
    """One case: rates, and what the service adds to the direct way."""
    values = (
        _rate(measured.median(DIRECT, "rate")),
        _rate(measured.median(REFERENCE, "rate")),
        _rate(measured.median(subject, "rate")),
        _share(measured.ratio("rate", subject, REFERENCE)),
        _percent(measured.ratio("rate", subject, DIRECT)),
        _time(measured.added("p50", subject)),
        _share(measured.ratio("p99", subject, REFERENCE)),
        _time(measured.added("first_p50", subject)),
        _rate(measured.median(subject, "cpu")),
        _rate(measured.median(subject, "loop_cpu")),
        _share(measured.ratio("cpu", subject, REFERENCE)),
        _percent(measured.spread(subject)),
        _percent(measured.median(subject, "load_share")),
        _percent(measured.median(subject, "kept_waiting")),
    )
    return f"{measured.title:{_TITLE_WIDTH}}" + "".join(
        f" {value:>{width}}" for value, (_, width) in zip(values, _COLUMNS, strict=True)
    )


def tables_lines(measured: Measured) -> Iterable[str]:
    """The same load on the service with small and large configurations."""
    first = next(iter(measured.rounds), "")
    for name in measured.rounds:
        ratio = measured.ratio("rate", name, first)
        yield (
            f"{name:{_TITLE_WIDTH}} {_rate(measured.median(name, 'rate')):>9} a second, "
            f"{_share(ratio)} of the first; CPU {_rate(measured.median(name, 'cpu'))} us, "
            f"{_rate(measured.median(name, 'loop_cpu'))} in the event loop, "
            f"{_share(measured.ratio('cpu', name, first))} of the first"
        )


def workers_lines(measured: Measured) -> Iterable[str]:
    for name in measured.rounds:
        yield f"{name:{_TITLE_WIDTH}} {_rate(measured.median(name, 'rate')):>9} a second"
    found = scaling(measured)
    if found is not None:
        yield f"{found:.2f} times as much on two cores, the load's share of them taken off"


def footprint_lines(footprint: Mapping[str, Any]) -> Iterable[str]:
    memory, start = footprint.get("memory"), footprint.get("cold_start")
    if memory and memory["idle"]:
        yield (
            f"memory of the web process: {memory['idle']:.0f} MB idle, "
            f"{memory['after_1000']:.0f} after 1,000 requests, "
            f"{memory['after_requests']:.0f} after {memory['requests']:,}, "
            f"{memory['with_streams']:.0f} with {memory['streams']:,} open streams, "
            f"{memory['after_streams']:.0f} afterwards"
        )
    if start:
        cpu = start["cpu_seconds"]
        needed = "" if cpu is None else f", {cpu:.2f} s of it on the processor"
        yield f"cold start to the first answer: {start['seconds']:.2f} s{needed}"


def markdown(
    document: Mapping[str, Any], cases: Iterable[Measured], verdicts: Iterable[Verdict]
) -> str:
    """The page for the docs."""
    machine = document["machine"]
    lines = [
        "<!-- Written by `make bench ARGS=--publish`. -->",
        "",
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}, "
        f"Python {machine['python']}; {document['server']}, one process on one core. "
        f"Measured {document['date']} at `{machine['commit']}`.",
        "",
        "| case | direct /s | reference /s | Pointsman /s | of the reference | of direct "
        "| added, median | CPU a request |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for one in cases:
        if US not in one.rounds:
            continue
        cells = (
            one.title,
            _rate(one.median(DIRECT, "rate")),
            _rate(one.median(REFERENCE, "rate")),
            _rate(one.median(US, "rate")),
            _share(one.ratio("rate", US, REFERENCE)),
            _percent(one.ratio("rate", US, DIRECT)),
            _time(one.added("p50", US)),
            f"{_rate(one.median(US, 'cpu'))} us",
        )
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", *(f"- {text}" for text in footprint_lines(document["footprint"])), ""]
    verdicts = list(verdicts)
    if verdicts:
        lines += ["| bar | measured | wanted | |", "|---|--:|--:|---|"]
    for verdict in verdicts:
        sign = "≥" if verdict.at_least else "≤"
        lines.append(
            f"| {verdict.title} | {verdict.value:.2f}{verdict.unit} "
            f"| {sign} {verdict.bar:g}{verdict.unit} | {'met' if verdict.met else 'missed'} |"
        )
    return "\n".join(lines) + "\n"


def _rate(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value * 100:.0f}%"


def _time(microseconds: float | None) -> str:
    if microseconds is None:
        return "-"
    if abs(microseconds) < 10_000:
        return f"{microseconds:,.0f} us"
    return f"{microseconds / 1000:,.1f} ms"
