"""One run: what is started, which cases are measured, where the figures go."""

from __future__ import annotations

import json
import random
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from benchmarks import chart, footprint, machine, report, seed
from benchmarks.bars import verdicts
from benchmarks.cases import CASES, Case
from benchmarks.programs import Mock
from benchmarks.rounds import Measured, Plan, Range
from benchmarks.service import Reference, Service, installation
from benchmarks.subjects import CrowdedGateway, Gateway, Rival, Subject

RESULTS: Final = Path(__file__).resolve().parent / "results"
_SIZES: Final = ((1, 1), (100, 1_000), (10_000, 100_000))
_QUICK_SIZES: Final = ((1, 1), (100, 1_000))
_VARIANTS: Final = 1_000
"""Pairs of key and profile that the load takes in turn."""


@dataclass(frozen=True)
class Options:
    plan: Plan
    wanted: Callable[[str], bool]
    quick: bool
    server: str
    workers: int
    compare: str | None
    compare_key: str
    compare_model: str
    mock_port: int
    python: bool
    json: Path | None
    publish: bool


@dataclass
class Findings:
    cases: dict[str, Measured] = field(default_factory=dict)
    footprint: dict[str, Any] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


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
        _say(f"mock upstream {'in C' if mock.native else 'in Python'} on port {mock.port}; {cores}")
        range_ = Range(mock, cores, folder, python_load=options.python)
        _cases(options, range_, findings)
        if options.wanted("tables"):
            _tables(options, range_, findings)
        if options.wanted("footprint") and options.server == "uvicorn":
            _footprint(options, range_, findings)
    return _finish(options, findings)


def _cases(options: Options, range_: Range, findings: Findings) -> None:
    cases = [
        case for case in CASES if options.wanted(case.name) and (case.quick or not options.quick)
    ]
    if not cases:
        return
    cores = range_.cores
    with (
        _gateway(options, range_, "pointsman") as gateway,
        Reference(range_.mock.port, cores.gateway) as reference,
    ):
        subjects: list[Subject] = [
            Subject("direct", range_.mock.port),
            Subject("reference", reference.port, pids=reference.pids),
            gateway,
        ]
        if options.compare:
            subjects.append(_rival(options))
        _say("\n" + report.heading())
        for case in cases:
            if not _spoken(case):
                _say(f"{case.title}: skipped, no translation for it")
                continue
            measured = range_.measure(case, subjects, options.plan)
            findings.cases[case.name] = measured
            findings.wrong += measured.wrong
            _say(report.line(measured))
            if "compared" in measured.rounds:
                _say(report.line(measured, "compared") + "  (compared)")
        _say(f"the mock at the end: {range_.mock.stats()}")


def _spoken(case: Case) -> bool:
    """Whether the service translates between the case's two protocols."""
    from inference.translate import pair_for

    try:
        pair_for({"openai": "chat", "anthropic": "messages"}[case.protocol], case.route.protocol)
    except LookupError:
        return False
    return True


@contextmanager
def _gateway(
    options: Options, range_: Range, name: str, *, profiles: int = 0, keys: int = 0
) -> Iterator[Gateway]:
    """The service on a data directory of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-data-") as data_dir:
        folder = Path(data_dir)
        key = installation(folder, range_.mock.port, profiles=profiles, keys=keys)
        with Service(
            folder, range_.cores.gateway, server=options.server, workers=options.workers
        ) as service:
            yield Gateway(name, service.port, pids=service.pids, key=key)


def _rival(options: Options) -> Rival:
    assert options.compare is not None
    url = urlsplit(options.compare)
    assert url.hostname is not None
    return Rival(
        "compared",
        url.port or 80,
        address=socket.gethostbyname(url.hostname),
        base_path=url.path.rstrip("/"),
        key=options.compare_key,
        model=options.compare_model,
    )


def _tables(options: Options, range_: Range, findings: Findings) -> None:
    """The same load on installations of different size, all running at once."""
    _say("\nsize of the configuration, whole answers, 32 callers")
    rng = random.Random(1)
    case = replace(CASES[1], name="tables", title="size of the configuration")
    subjects: list[Subject] = []
    with ExitStack() as stack:
        for profiles, keys in _QUICK_SIZES if options.quick else _SIZES:
            name = f"{profiles:,} profiles, {keys:,} keys"
            single = profiles == 1
            counts = {} if single else {"profiles": profiles, "keys": keys}
            one = stack.enter_context(_gateway(options, range_, name, **counts))
            pairs = [(one.key, "v-plain/bench")]
            if not single:
                pairs = [
                    (
                        seed.secret(rng.randrange(keys)),
                        f"{seed.filler(rng.randrange(profiles))}/bench",
                    )
                    for _ in range(_VARIANTS)
                ]
            subjects.append(CrowdedGateway(name, one.port, pids=one.pids, key=one.key, pairs=pairs))
        measured = range_.measure(case, subjects, options.plan)
    findings.cases["tables"] = measured
    findings.wrong += measured.wrong
    for text in report.tables_lines(measured):
        _say(text)


def _footprint(options: Options, range_: Range, findings: Findings) -> None:
    _say("\nmemory and cold start")
    requests, streams = (2_000, 200) if options.quick else (100_000, 2_000)
    with tempfile.TemporaryDirectory(prefix="bench-data-") as data_dir:
        folder = Path(data_dir)
        key = installation(folder, range_.mock.port)
        core = range_.cores.gateway
        times = 2 if options.quick else 5
        findings.footprint["cold_start"] = footprint.cold_start(folder, key, core, times)
        with Service(folder, core) as service:
            gateway = Gateway("pointsman", service.port, pids=service.pids, key=key)
            findings.footprint["memory"] = footprint.memory(
                range_, gateway, requests=requests, streams=streams
            )
    for text in report.footprint_lines(findings.footprint):
        _say(text)


def _finish(options: Options, findings: Findings) -> int:
    reached = list(verdicts(findings.cases, findings.footprint))
    if reached:
        _say("\nbars")
    for verdict in reached:
        _say(f"  {verdict}")
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
    _say(f"\nfigures: {path}")
    if options.publish:
        measured = list(findings.cases.values())
        (RESULTS / "published.json").write_text(text, encoding="utf-8")
        (RESULTS / "published.md").write_text(
            report.markdown(document, measured, reached), encoding="utf-8"
        )
        (RESULTS / "published.svg").write_text(chart.svg(measured), encoding="utf-8")
    for wrong in findings.wrong:
        print(f"WRONG: {wrong}", file=sys.stderr)
    return 1 if findings.wrong else 0


def _say(text: str) -> None:
    print(text, flush=True)
