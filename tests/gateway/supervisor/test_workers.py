"""Several web processes on one port: who gets the callers, and where they run."""

from __future__ import annotations

import http.client
import os
import signal
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.gateway.supervisor.processes import until, web_processes
from tests.support.installation import Installation

CALLERS = 60


def sockets(pid: int) -> int:
    """Open sockets of a process."""
    count = 0
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            count += os.readlink(descriptor).startswith("socket:")
        except OSError:
            continue
    return count


def connected(service: Installation) -> list[http.client.HTTPConnection]:
    """Callers who all come at once, ask something, and keep their connections."""
    port = urlsplit(service.url).port
    callers = [http.client.HTTPConnection("127.0.0.1", port, timeout=30) for _ in range(CALLERS)]
    for caller in callers:
        caller.connect()
    for caller in callers:
        caller.request("GET", "/livez")
        answer = caller.getresponse()
        answer.read()
        assert answer.status == 200
    return callers


def test_callers_are_shared_out(tmp_path: Path) -> None:
    with Installation(tmp_path, "--no-model", "--workers", "2") as service:
        pids = sorted(web_processes(service))
        before = {pid: sockets(pid) for pid in pids}
        fewest = []
        # On a busy machine a process may get no core for as long as the other waits for it.
        for _ in range(3):
            callers = connected(service)
            counts = [sockets(pid) - before[pid] for pid in pids]
            assert sum(counts) == pytest.approx(CALLERS, abs=4)
            fewest.append(min(counts))
            for caller in callers:
                caller.close()
            until(lambda: all(sockets(pid) <= before[pid] + 1 for pid in pids))
        assert max(fewest) >= CALLERS // 3


def test_a_process_that_died_holds_up_no_caller(tmp_path: Path) -> None:
    """Until its successor serves, the others get what would have come to it."""
    with Installation(tmp_path, "--no-model", "--workers", "2") as service:
        died = min(web_processes(service))
        os.kill(died, signal.SIGKILL)
        until(lambda: "it is started again" in service.output)
        for _ in range(3):
            for caller in connected(service):
                caller.close()
        until(lambda: len(web_processes(service) - {died}) == 2)
        for caller in connected(service):
            caller.close()


def affinities(service: Installation) -> dict[int, set[int]]:
    return {pid: os.sched_getaffinity(pid) for pid in web_processes(service)}


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="needs Linux")
def test_pinned_processes_stay_on_their_cores(tmp_path: Path) -> None:
    """Those that take over, too."""
    cores = sorted(os.sched_getaffinity(0))
    wanted = sorted([cores[0], cores[1 % len(cores)]])
    with Installation(tmp_path, "--no-model", "--workers", "2", "--pin") as service:
        before = affinities(service)
        assert sorted(core for own in before.values() for core in own) == wanted
        service.process.send_signal(signal.SIGHUP)
        until(lambda: len(web_processes(service)) == 2 and not web_processes(service) & set(before))
        assert sorted(core for own in affinities(service).values() for core in own) == wanted
