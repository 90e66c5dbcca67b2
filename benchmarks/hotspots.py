"""Where the time of a case goes: the web process under cProfile, microseconds per request.

    python -m benchmarks.hotspots stream-32

cProfile makes small functions look dear; what the process needs without it stands in the first
line. For a profile by sampling start `py-spy record --native --pid ...` while `--hold` waits.
"""

from __future__ import annotations

import argparse
import os
import pstats
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final

from benchmarks import machine
from benchmarks.cases import CASES
from benchmarks.programs import Mock
from benchmarks.rounds import Plan, Range
from benchmarks.service import ROOT, environment, installation
from benchmarks.subjects import Gateway

_SHOWN: Final = 90


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("case", choices=[case.name for case in CASES])
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--hold", action="store_true", help="no cProfile: print the pid, then load")
    options = parser.parse_args()
    case = next(case for case in CASES if case.name == options.case)
    plan = Plan(seconds=options.seconds)
    cores = machine.Cores.of_this_machine()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        mock = stack.enter_context(Mock(folder, cores.mock))
        key = installation(folder, mock.port)
        range_ = Range(mock, cores, folder)
        with _Web(folder, cores.gateway) as web:
            gateway = Gateway("pointsman", web.port, pids=[web.pid], key=key)
            shot = gateway.shot(case)
            if options.hold:
                input(f"web process {web.pid}; press return to begin the load")
            plain = range_.shoot(gateway, shot, plan)
        print(
            f"{case.title}: {plain.rate:,.0f} a second, {plain.cpu or 0:.0f} us of CPU each, "
            f"{plain.loop_cpu or 0:.0f} of it in the event loop"
        )
        if options.hold:
            return
        profile = folder / "profile"
        with _Web(folder, cores.gateway, profile=profile) as web:
            gateway = Gateway("pointsman", web.port, pids=[web.pid], key=key)
            shot = replace(shot, port=web.port)
            range_.shoot(gateway, shot, replace(plan, seconds=0.2))
            os.kill(web.pid, signal.SIGUSR1)
            range_.shoot(gateway, shot, plan)
        _show(profile)


class _Web:
    """A bare web process, with or without the profiler."""

    def __init__(self, data_dir: Path, core: int | None, *, profile: Path | None = None) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._listener.getsockname()[1]
        command = ["gateway.web"] if profile is None else ["benchmarks.profiled", str(profile)]
        descriptor = self._listener.fileno()
        self._process = subprocess.Popen(
            [sys.executable, "-m", *command, "--fd", str(descriptor)],
            cwd=ROOT,
            env=environment(data_dir),
            pass_fds=[descriptor],
            stdin=subprocess.PIPE,
            preexec_fn=lambda: machine.pin(core),
        )
        self.pid = self._process.pid

    def __enter__(self) -> _Web:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(60)
        self._listener.close()


def _show(profile: Path) -> None:
    """The dearest functions by their own time, per request."""
    stats = pstats.Stats(str(profile))
    functions = stats.stats  # type: ignore[attr-defined]  # not in the stubs
    requests = next(
        entry[1]
        for (file, _, name), entry in functions.items()
        if name == "__call__" and file.endswith("edge/consumer.py")
    )
    total = sum(entry[2] for entry in functions.values())
    print(f"{requests:,} requests under cProfile; {total / requests * 1e6:.0f} us of own time each")
    print(f"{'own us':>8} {'all us':>8} {'calls':>7}")
    dearest = sorted(functions.items(), key=lambda item: -item[1][2])[:_SHOWN]
    for (file, line, name), (_, calls, own, whole, _) in dearest:
        where = f"{'/'.join(Path(file).parts[-2:])}:{line} " if line else ""
        print(
            f"{own / requests * 1e6:8.2f} {whole / requests * 1e6:8.2f} {calls / requests:7.2f} "
            f"{where}{name}"
        )


if __name__ == "__main__":
    main()
