"""What the features cost that a caller never notices."""

from __future__ import annotations

from dataclasses import replace

from benchmarks import report
from benchmarks.groups import WHOLE, Findings, Options, gateway, say
from benchmarks.rounds import Range
from benchmarks.subjects import CrowdedGateway, Subject


def features(options: Options, range_: Range, findings: Findings) -> None:
    """What sessions, the hedge timer, retries and continuation buffers cost: all on, and all off.

    Every request names the session it belongs to, and the profiles have two targets.
    """
    for stream, word in ((False, "whole answers"), (True, "streams of 64 chunks")):
        name = f"features-{'stream' if stream else 'whole'}"
        say(f"\nsessions, hedges, retries and continuation on and off, {word}, 32 callers")
        case = replace(WHOLE, name=name, title=f"features: {word}", stream=stream)
        with (
            gateway(options, range_, "off") as off,
            gateway(options, range_, "on") as on,
        ):
            subjects: list[Subject] = [
                CrowdedGateway(
                    one.name,
                    one.port,
                    pids=one.pids,
                    headers={"x-session-id": "run-1"},
                    key=one.key,
                    pairs=[(one.key, f"v-features-{one.name}/bench")],
                )
                for one in (off, on)
            ]
            measured = range_.measure(case, subjects, options.plan)
        findings.cases[name] = measured
        findings.wrong += measured.wrong
        for text in report.tables_lines(measured):
            say(text)
