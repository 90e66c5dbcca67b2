"""The running service: web processes and their helpers, started, watched and ended together."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import FrameType

from gateway.supervisor.child import FIRST_PAUSE, Child, RestartingProcess
from gateway.supervisor.cores import pin
from gateway.supervisor.listener import Listeners
from gateway.supervisor.startup_error import StartupError

WEB_GRACE = 10.0
"""Seconds a web process has to end beyond those that its streams have."""
FROZEN = 10.0
"""Seconds without a sign of life after which a web process is replaced."""
LISTENING_ON = 0.7
"""Seconds for which new callers are still let in after the end was asked for: web processes say
first that they are not ready, then stop accepting."""
RELOAD_PATIENCE = 60.0
"""Seconds a new web process may take to start before the reload is given up."""


class Supervisor:
    """Ends with every process it started, however it ends."""

    def __init__(
        self, listeners: Listeners, environment: Mapping[str, str], *, drain: float = 25.0
    ) -> None:
        """`drain`: seconds that streams may still run once the end was asked for."""
        self._listeners = listeners
        self._environment = environment
        self._web: list[RestartingProcess] = []
        self._helpers: list[RestartingProcess] = []
        self._leaving: list[Child] = []
        self._web_grace = drain + WEB_GRACE
        self._ending = threading.Event()
        self._reload = threading.Event()
        # `nohup` asks for what it is there for by ignoring the signal.
        ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        self._ends_with_terminal = _has_terminal() and not ignored
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, self._on_end)
        signal.signal(signal.SIGHUP, self._on_reload)

    def start_helper(self, start: Callable[[], Child], *, grace: float) -> None:
        """Starts a process that web processes rely on, as the local engine.

        Helpers end after the web processes, the last one first. Raises `StartupError`.
        """
        self._helpers.append(RestartingProcess(start, grace=grace))

    def start_web(self, workers: int, cores: Sequence[int] = ()) -> None:
        """With `cores`, each process stays on one of them; they go round."""
        for place in range(workers):
            self._web.append(
                RestartingProcess(
                    partial(self._start_worker, place, cores),
                    grace=self._web_grace,
                    longest_pause=FIRST_PAUSE,
                    silence=FROZEN,
                    on_death=partial(self._listeners.died, place),
                )
            )

    def wait_ready(self, url: str, *, seconds: float = 60.0) -> None:
        """Returns once every web process serves and the service answers. Raises `StartupError`."""
        deadline = time.monotonic() + seconds
        children = [one.child for one in self._web]
        while time.monotonic() < deadline:
            if self._ending.is_set():
                return
            if not any(child.running() for child in children):
                raise StartupError("The web process ended at once; its message is above.")
            if any(child.serves(within=0.05) is None for child in children):
                continue
            try:
                with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:  # noqa: S310  # our own address
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.05)
        raise StartupError(f"The service did not become ready within {seconds:.0f} seconds.")

    def run(self) -> None:
        """Watches until it is asked to end; a process that dies is replaced.

        On SIGHUP the web processes are replaced one by one: the new one serves before the old one
        is asked to leave, which it does once its streams have ended.
        """
        while not self._ending.wait(0.2):
            if self._reload.is_set():
                self._reload.clear()
                self._replace_all()
            for child in [one for one in self._leaving if not one.running()]:
                child.end(grace=0)
                self._leaving.remove(child)
            for process in (*self._web, *self._helpers):
                process.poll()

    def end(self) -> None:
        """Web first, so that streams can finish while the model still answers."""
        leaving = [partial(one.end, grace=self._web_grace) for one in self._leaving]
        _together([*(one.end for one in self._web), *leaving, self._stop_listening])
        for helper in reversed(self._helpers):
            helper.end()
        self._listeners.close()

    def _stop_listening(self) -> None:
        """Our sockets too: the kernel would go on taking callers in whom nobody answers."""
        deadline = time.monotonic() + LISTENING_ON
        while time.monotonic() < deadline and any(one.child.running() for one in self._web):
            time.sleep(0.02)
        self._listeners.close()

    def _start_worker(self, place: int, cores: Sequence[int]) -> Child:
        descriptor = self._listeners.of(place).fileno()
        worker = Child(
            "web process",
            "gateway.web",
            ["--fd", str(descriptor)],
            environment=self._environment,
            pass_fds=[descriptor],
            announces=True,
        )
        if cores:
            pin(worker.pid, cores[place % len(cores)])
        return worker

    def _replace_all(self) -> None:
        for process in self._web:
            new = process.successor()
            if not self._comes_up(new):
                new.end(grace=0)
                if not self._ending.is_set():
                    sys.stderr.write(
                        "Not reloaded: the new web process did not start; its message is above. "
                        "The old ones go on.\n"
                    )
                return
            self._leaving.append(process.replace(new))

    def _comes_up(self, worker: Child) -> bool:
        deadline = time.monotonic() + RELOAD_PATIENCE
        while not self._ending.is_set() and time.monotonic() < deadline:
            serves = worker.serves(within=0.2)
            if serves is not None:
                return serves
        return False

    def _on_end(self, number: int, frame: FrameType | None) -> None:
        self._ending.set()

    def _on_reload(self, number: int, frame: FrameType | None) -> None:
        """The same signal says that the terminal was closed, which ends what was started in it."""
        if self._ends_with_terminal and not _has_terminal():
            self._ending.set()
        else:
            self._reload.set()


def _together(calls: Iterable[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _has_terminal() -> bool:
    """Whether this process has a controlling terminal."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
