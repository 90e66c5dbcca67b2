"""Medians, ratios, verdicts, and what is made of them for people."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from benchmarks import chart, report
from benchmarks.bars import verdicts
from benchmarks.programs import Expected
from benchmarks.rounds import Measured, Round

ROUND = Round(
    rate=1000.0,
    p50=100.0,
    p99=200.0,
    first_p50=50.0,
    first_p99=90.0,
    gap_p99=1.0,
    cpu=80.0,
    loop_cpu=70.0,
    kept_waiting=0.0,
    load_share=0.2,
    completed=1000,
    errors=0,
    error="",
)


def measured(name: str = "whole-32", ours: float = 900.0) -> Measured:
    """Three rounds; the machine is slower in the second, for everybody."""
    rates = {"direct": 10_000.0, "reference": 1000.0, "pointsman": ours}
    return Measured(
        name,
        "whole answer",
        32,
        {
            subject: [
                replace(ROUND, rate=rate),
                replace(ROUND, rate=rate / 2),
                replace(ROUND, rate=rate),
            ]
            for subject, rate in rates.items()
        },
    )


def test_ratios_are_taken_round_by_round() -> None:
    """So that what slows a round down slows both sides of its ratio."""
    one = measured()
    one.rounds["pointsman"][0] = replace(ROUND, rate=800.0)

    assert one.ratio("rate", "pointsman", "reference") == 0.9
    assert one.ratio("rate", "pointsman", "direct") == 0.09
    assert one.median("pointsman", "rate") == 800.0
    assert one.spread("direct") == 0.5


def test_added_latency_is_the_difference_to_the_direct_way() -> None:
    one = measured()
    one.rounds["pointsman"] = [replace(ROUND, p50=180.0), replace(ROUND, p50=250.0)]

    assert one.added("p50", "pointsman") == 115.0


def test_what_was_not_measured_has_no_figures() -> None:
    one = Measured("whole-32", "whole answer", 32)

    assert one.median("pointsman", "rate") is None
    assert one.ratio("rate", "pointsman", "reference") is None
    assert one.added("p50", "pointsman") is None
    assert one.spread("pointsman") is None
    assert "-" in report.line(one)


@pytest.mark.parametrize(("ours", "met"), [(1000.0, True), (999.0, False)])
def test_a_bar_is_met_or_missed(ours: float, met: bool) -> None:
    (verdict,) = verdicts({"whole-32": measured(ours=ours)}, {})

    assert verdict.met is met
    assert ("MISSED" in str(verdict)) is not met


def test_memory_growth_is_a_share_of_idle() -> None:
    memory = {"requests": 100_000, "idle": 90.0, "after_requests": 93.6}
    idle, growth, start = verdicts({}, {"memory": memory, "cold_start": {"seconds": 1.6}})

    assert (idle.met, growth.met, start.met) == (True, True, False)
    assert growth.value == pytest.approx(4.0)


def test_table_and_chart_show_every_case() -> None:
    cases = [measured("whole-32"), measured("stream-32", 1200.0)]
    machine = {"processor": "P", "cores": 2, "system": "S", "python": "3", "commit": "c"}
    document = {"machine": machine, "server": "uvicorn", "date": "2026-01-15", "footprint": {}}

    page = report.markdown(document, cases, verdicts({"whole-32": cases[0]}, {}))
    image = ElementTree.fromstring(chart.svg(cases))

    assert page.count("| whole answer |") == 2
    assert "| whole answers, 32 callers, of the reference | 0.90 | ≥ 1 | missed |" in page
    assert len(image.findall("{*}rect[@class='us']")) == 2


def test_equal_answers_are_compared_whole() -> None:
    assert Expected.of(b"same", b"same") == Expected(4, 0, b"", b"same")


def test_bytes_that_differ_or_tell_the_time_are_left_out() -> None:
    first, second = b'{"id":"a","created":17,"x":1}', b'{"id":"b","created":17,"x":1}'

    assert Expected.of(first, second).body == b'{"id":"\0","created":\0\0,"x":1}'


def test_answers_of_varying_length_are_known_by_their_end() -> None:
    first, second = b"data: 1\n\ndata: [DONE]\n\n", b"data: 22\n\ndata: [DONE]\n\n"

    assert Expected.of(first, second) == Expected(0, 2, b"\n\ndata: [DONE]\n\n", None)
