"""What the service needs besides time on requests: memory, and the time to its first answer."""

from __future__ import annotations

import http.client
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import asks, machine
from benchmarks.cases import CASES, Case
from benchmarks.programs import Expected, Load, Shot
from benchmarks.rounds import Plan, Range
from benchmarks.service import ROOT, environment
from benchmarks.subjects import Gateway

WHOLE = next(case for case in CASES if case.name == "whole-32")
SLOW = Case(
    "slow",
    "streams of a chunk a second",
    "v-slow",
    stream=True,
    route_name="openai-slow",
    each=1,
)
_SETTLED = 1.0
"""Seconds after the last request before memory is read."""


def memory(range_: Range, gateway: Gateway, *, requests: int, streams: int) -> dict[str, Any]:
    """Resident memory of the web process in MiB: idle, after `requests`, with open `streams`.

    `gateway` must be fresh: one answer is all it may have given.
    """
    pid = gateway.pids[0]
    shot = gateway.shot(WHOLE)
    found: dict[str, Any] = {"requests": requests, "streams": streams, "idle": _settled(pid)}
    for name, count in (("after_1000", 1000), ("after_requests", requests)):
        each = max(1, count // shot.callers)
        done = range_.shoot(gateway, replace(shot, each=each), Plan())
        if done.errors:
            raise RuntimeError(f"memory: {done.errors} answers were wrong: {done.error}")
        found[name] = _settled(pid)
    found["with_streams"] = _with_open_streams(range_, gateway, streams)
    found["after_streams"] = _settled(pid)
    return found


def _settled(pid: int) -> float | None:
    time.sleep(_SETTLED)
    return machine.resident_mib(pid)


def _with_open_streams(range_: Range, gateway: Gateway, count: int) -> float | None:
    """Read while every stream is under way, which the mock confirms."""
    request = asks.request(
        f"{gateway.address}:{gateway.port}",
        gateway.path(SLOW),
        asks.headers("openai", gateway.key),
        asks.body("openai", f"{SLOW.profile}/bench", stream=True),
    )
    # The streams are broken off: nothing is expected of their end.
    anything = Expected(0, 0, b"", None)
    shot = Shot(gateway.address, gateway.port, [request], anything, count, each=1)
    load = Load(shot, range_.folder, seconds=60, core=range_.cores.load)
    try:
        deadline = time.monotonic() + 20
        while (open_now := range_.mock.stats()["open_streams"]) < count:
            if time.monotonic() > deadline:
                raise RuntimeError(f"only {open_now} of {count} streams were open at a time")
            time.sleep(0.1)
        resident = _settled(gateway.pids[0])
    finally:
        load.stop()
        done = load.result()
    if done["errors"]:
        raise RuntimeError(f"{done['errors']} streams broke: {done['error']}")
    return resident


def cold_start(data_dir: Path, key: str, core: int | None, times: int) -> dict[str, Any]:
    """Seconds from starting a web process to its first chat answer."""
    starts = [_first_answer(data_dir, key, core) for _ in range(times)]
    seconds = [took for took, _ in starts]
    needed = [cpu for _, cpu in starts if cpu is not None]
    return {
        "seconds": median(seconds),
        "cpu_seconds": median(needed) if needed else None,
        "times": seconds,
    }


def _first_answer(data_dir: Path, key: str, core: int | None) -> tuple[float, float | None]:
    """The socket listens before the process runs, as under the launcher: the request waits."""
    import socket

    with socket.create_server(("127.0.0.1", 0), backlog=16) as listener:
        port = listener.getsockname()[1]
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway.web", "--fd", str(listener.fileno())],
            cwd=ROOT,
            env=environment(data_dir),
            pass_fds=[listener.fileno()],
            stdin=subprocess.PIPE,
            preexec_fn=lambda: machine.pin(core),
        )
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            body = asks.body("openai", "v-plain/bench", stream=False)
            connection.request("POST", "/v1/chat/completions", body, asks.headers("openai", key))
            answer = connection.getresponse()
            content = answer.read()
            took = time.monotonic() - began
            used = machine.cpu_time([process.pid])
            connection.close()
            problem = asks.problem_with(content, "openai", WHOLE.route, stream=False)
            if answer.status != 200 or problem:
                raise RuntimeError(f"cold start: {answer.status} {problem}")
            return took, used.ran if used else None
        finally:
            process.terminate()
            process.wait(40)
