"""One run: what is started, which groups are measured, where the figures go."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from benchmarks import chart, groups, machine, report
from benchmarks.bars import verdicts
from benchmarks.features import features
from benchmarks.groups import Findings, Options, say
from benchmarks.programs import Mock
from benchmarks.rounds import Range

RESULTS: Final = Path(__file__).resolve().parent / "results"


def run(options: Options) -> int:
    """The exit status: 0 when every answer was right."""
    machine.allow_many_connections()
    cores = machine.Cores.of_this_machine()
    if options.workers > 1:
        cores = replace(cores, gateway=None)
    findings = Findings()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        mock = stack.enter_context(
            Mock(folder, cores.mock, port=options.mock_port, python=options.python)
        )
        say(f"mock upstream {'in C' if mock.native else 'in Python'} on port {mock.port}; {cores}")
        range_ = Range(mock, cores, folder, python_load=options.python)
        groups.cases(options, range_, findings)
        if options.wanted("tables"):
            groups.tables(options, range_, findings)
        if options.wanted("limits-bound") or options.wanted("limits-each"):
            groups.limits(options, range_, findings)
        if options.wanted("features") and not options.quick:
            features(options, range_, findings)
        if options.wanted("workers") and options.server == "uvicorn" and not options.quick:
            groups.workers(options, range_, findings)
        if options.wanted("footprint") and options.server == "uvicorn":
            groups.memory_and_start(options, range_, findings)
    return _finish(options, findings)


def _finish(options: Options, findings: Findings) -> int:
    # What must be shown is shown with the server that `manage.py up` starts.
    judged = options.server == "uvicorn"
    reached = list(verdicts(findings.cases, findings.footprint)) if judged else []
    if reached:
        say("\nbars")
    for verdict in reached:
        say(f"  {verdict}")
    document = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": machine.description(),
        "server": options.server,
        "workers": options.workers,
        "plan": asdict(options.plan),
        "cases": {name: measured.document() for name, measured in findings.cases.items()},
        "footprint": findings.footprint,
        "verdicts": [{**asdict(one), "met": one.met} for one in reached],
        "wrong": findings.wrong,
    }
    RESULTS.mkdir(exist_ok=True)
    path = options.json or RESULTS / f"{time.strftime('%Y%m%d-%H%M%S')}-{options.server}.json"
    text = json.dumps(document, indent=1) + "\n"
    path.write_text(text, encoding="utf-8")
    say(f"\nfigures: {path}")
    if options.publish:
        measured = list(findings.cases.values())
        name = "published" if options.server == "uvicorn" else f"published-{options.server}"
        page = report.markdown(document, measured, reached)
        (RESULTS / f"{name}.json").write_text(text, encoding="utf-8")
        (RESULTS / f"{name}.md").write_text(page, encoding="utf-8")
        (RESULTS / f"{name}.svg").write_text(chart.svg(measured), encoding="utf-8")
    for wrong in findings.wrong:
        print(f"WRONG: {wrong}", file=sys.stderr)
    return 1 if findings.wrong else 0
