"""What the features cost that a caller never notices."""

from __future__ import annotations

from dataclasses import replace

from benchmarks import report
from benchmarks.groups import WHOLE, Findings, Options, gateway, say
from benchmarks.rounds import Range
from benchmarks.subjects import CrowdedGateway, Subject


def features(options: Options, range_: Range, findings: Findings) -> None:
    """What sessions, the hedge timer, retries and continuation buffers cost: all on, and all off.

    Every request names the session it belongs to, and the profiles have two targets. One process
    answers for both: two are further apart by where their memory lies than by this.
    """
    for stream, word in ((False, "whole answers"), (True, "streams of 64 chunks")):
        name = f"features-{'stream' if stream else 'whole'}"
        say(f"\nsessions, hedges, retries and continuation on and off, {word}, 32 callers")
        case = replace(WHOLE, name=name, title=f"features: {word}", stream=stream)
        with gateway(options, range_, "features") as one:
            subjects: list[Subject] = [
                CrowdedGateway(
                    name,
                    one.port,
                    pids=one.pids,
                    headers={"x-session-id": "run-1"},
                    key=one.key,
                    pairs=[(one.key, f"v-features-{name}/bench")],
                )
                for name in ("off", "on")
            ]
            measured = range_.measure(case, subjects, options.plan)
        findings.cases[name] = measured
        findings.wrong += measured.wrong
        for text in report.tables_lines(measured):
            say(text)
