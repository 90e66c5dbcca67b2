"""The groups of a run: the cases side by side, sizes of the configuration, workers, footprint."""

from __future__ import annotations

import random
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from benchmarks import footprint, machine, report, seed
from benchmarks.cases import CASES, Case
from benchmarks.rounds import Measured, Plan, Range
from benchmarks.service import ROOT, Reference, Service, environment, installation
from benchmarks.subjects import CrowdedGateway, Gateway, Rival, Subject

_SIZES: Final = ((1, 1), (100, 1_000), (10_000, 100_000))
_QUICK_SIZES: Final = ((1, 1), (100, 1_000))
_VARIANTS: Final = 1_000
"""Pairs of key and profile that the load takes in turn."""
_CROWD: Final = 64
"""Callers where two processes are measured: as many for each as one has elsewhere."""
WHOLE: Final = next(case for case in CASES if case.name == "whole-32")


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


def cases(options: Options, range_: Range, findings: Findings) -> None:
    chosen = [
        case for case in CASES if options.wanted(case.name) and (case.quick or not options.quick)
    ]
    if not chosen:
        return
    cores = range_.cores
    with (
        gateway(options, range_, "pointsman") as ours,
        Reference(range_.mock.port, cores.gateway) as reference,
    ):
        subjects: list[Subject] = [
            Subject("direct", range_.mock.port),
            Subject("reference", reference.port, pids=reference.pids),
            ours,
        ]
        if options.compare:
            subjects.append(_rival(options))
        say("\n" + report.heading())
        for case in chosen:
            if not _spoken(case):
                say(f"{case.title}: skipped, no translation for it")
                continue
            measured = range_.measure(case, subjects, options.plan)
            findings.cases[case.name] = measured
            findings.wrong += measured.wrong
            say(report.line(measured))
            if "compared" in measured.rounds:
                say(report.line(measured, "compared") + "  (compared)")
        say(f"the mock at the end: {range_.mock.stats()}")


def _spoken(case: Case) -> bool:
    """Whether the service translates between the case's two protocols."""
    from inference.endpoints.registry import translator_for

    try:
        translator_for(
            {"openai": "chat", "anthropic": "messages"}[case.protocol], case.route.protocol
        )
    except LookupError:
        return False
    return True


@contextmanager
def gateway(
    options: Options,
    range_: Range,
    name: str,
    *,
    profiles: int = 0,
    keys: int = 0,
    limits: str = "",
    pinned: bool = False,
) -> Iterator[Gateway]:
    """The service on a data directory of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-data-") as data_dir:
        folder = Path(data_dir)
        key = _installed(range_, folder, profiles=profiles, keys=keys, limits=limits)
        with Service(
            folder,
            range_.cores.gateway,
            server=options.server,
            workers=options.workers,
            pinned=pinned,
        ) as service:
            yield Gateway(name, service.port, pids=service.pids, key=key)


def _installed(
    range_: Range, folder: Path, *, profiles: int = 0, keys: int = 0, limits: str = ""
) -> str:
    """Makes `folder` a data directory, by copying where one of this size was made before."""
    made = range_.folder / f"installation-{profiles}-{keys}{limits}"
    key = made.with_suffix(".key")
    if not key.exists():
        made.mkdir()
        counts = {"profiles": profiles, "keys": keys}
        key.write_text(installation(made, range_.mock.port, limits=limits, **counts))
    shutil.copytree(made, folder, dirs_exist_ok=True)
    return key.read_text()


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


def tables(options: Options, range_: Range, findings: Findings) -> None:
    """The same load on installations of different size, all running at once."""
    say("\nsize of the configuration, whole answers, 32 callers")
    rng = random.Random(1)
    case = replace(WHOLE, name="tables", title="size of the configuration")
    subjects: list[Subject] = []
    with ExitStack() as stack:
        for profiles, keys in _QUICK_SIZES if options.quick else _SIZES:
            name = f"{profiles:,} profiles, {keys:,} keys"
            single = profiles == 1
            counts = {} if single else {"profiles": profiles, "keys": keys}
            one = stack.enter_context(gateway(options, range_, name, **counts))
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
        say(text)


def limits(options: Options, range_: Range, findings: Findings) -> None:
    """A key with twelve limits, and many keys with one each, against the same without."""
    crowd = 1_000 if options.quick else 100_000
    for name, keys, bound, words in (
        ("limits-bound", 1, seed.BOUND, "one key, four levels of three windows"),
        ("limits-each", crowd, seed.EACH, f"{crowd:,} keys with a limit each, 1,000 groups"),
    ):
        if not options.wanted(name):
            continue
        say(f"\nlimits: {words}, whole answers, 32 callers")
        case = replace(WHOLE, name=name, title=f"limits: {words}")
        rng = random.Random(1)
        drawn = [seed.secret(rng.randrange(keys)) for _ in range(min(keys, _VARIANTS))]
        pairs = [(one, "v-plain/bench") for one in drawn]
        with (
            gateway(options, range_, "without", keys=keys) as without,
            gateway(options, range_, "with", keys=keys, limits=bound) as limited,
        ):
            subjects: list[Subject] = [
                CrowdedGateway(one.name, one.port, pids=one.pids, key=one.key, pairs=pairs)
                for one in (without, limited)
            ]
            measured = range_.measure(case, subjects, options.plan)
            resident = [machine.resident_mib(one.pids[0]) or 0.0 for one in (without, limited)]
        findings.cases[name] = measured
        findings.wrong += measured.wrong
        for text in report.tables_lines(measured):
            say(text)
        if bound == seed.EACH:
            found = {"memory": resident[1] - resident[0], "compile": _compiled(range_, keys, bound)}
            findings.footprint["limits"] = found
            say(f"memory {found['memory']:.0f} MB more; table compiled in {found['compile']:.2f} s")


def _compiled(range_: Range, keys: int, bound: str) -> float:
    """Seconds until the limits of an installation are a table, in a process of its own."""
    code = (
        "import time, django; django.setup(); from governance import snapshot; "
        "began = time.perf_counter(); snapshot.refresh(); print(time.perf_counter() - began)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment(
            range_.folder / f"installation-0-{keys}{bound}",
            DJANGO_SETTINGS_MODULE="gateway.settings",
        ),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return float(done.stdout)


def workers(options: Options, range_: Range, findings: Findings) -> None:
    """Two web processes on two cores against one on one: what the load uses is taken off."""
    cores = range_.cores
    if cores.gateway is None or cores.gateway == cores.load:
        say("\nworkers: skipped, it takes two cores")
        return
    say(f"\none web process on one core, two on two, whole answers, {_CROWD} callers")
    one_core = replace(options, workers=1)
    both = Range(
        range_.mock, replace(cores, gateway=None), range_.folder, python_load=options.python
    )
    with (
        gateway(one_core, range_, "one worker") as one,
        gateway(replace(options, workers=2), both, "two workers", pinned=True) as two,
    ):
        case = replace(WHOLE, name="workers", title="web processes", callers=_CROWD)
        measured = range_.measure(case, [one, two], options.plan)
    findings.cases["workers"] = measured
    findings.wrong += measured.wrong
    for text in report.workers_lines(measured):
        say(text)


def memory_and_start(options: Options, range_: Range, findings: Findings) -> None:
    say("\nmemory and cold start")
    requests, streams = (2_000, 200) if options.quick else (100_000, 2_000)
    with tempfile.TemporaryDirectory(prefix="bench-data-") as data_dir:
        folder = Path(data_dir)
        key = _installed(range_, folder)
        core = range_.cores.gateway
        times = 2 if options.quick else 5
        findings.footprint["cold_start"] = footprint.cold_start(folder, key, core, times)
        with Service(folder, core) as service:
            gateway = Gateway("pointsman", service.port, pids=service.pids, key=key)
            findings.footprint["memory"] = footprint.memory(
                range_, gateway, requests=requests, streams=streams
            )
    for text in report.footprint_lines(findings.footprint):
        say(text)


def say(text: str) -> None:
    print(text, flush=True)
