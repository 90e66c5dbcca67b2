"""The running service: the web processes and the engine, started, watched and ended together."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from types import FrameType

from gateway.server.connection_board import ConnectionBoard
from gateway.supervisor.child import Child
from gateway.supervisor.cores import pin
from gateway.supervisor.restarting import RestartingProcess
from gateway.supervisor.startup_error import StartupError
from gateway.supervisor.worker import Worker

WEB_GRACE = 25.0
ENGINE_GRACE = 6.0
RESTART_PAUSE = 1.0
"""Seconds between a web process's death and its successor, so that a broken one does not spin."""

RELOAD_PATIENCE = 60.0
"""Seconds a new web process may take to start before the reload is given up."""


class Service:
    """Ends with every process it started, however it ends."""

    def __init__(self, listener: socket.socket, environment: Mapping[str, str]) -> None:
        self._listener = listener
        self._environment = environment
        self._web: list[Worker] = []
        self._leaving: list[Worker] = []
        self._cores: Sequence[int] = ()
        self._occupancy = ConnectionBoard.create()
        self._engine: RestartingProcess | None = None
        self._ending = threading.Event()
        self._reload = threading.Event()
        # `nohup` asks for what it is there for by ignoring the signal.
        ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        self._ends_with_terminal = _has_terminal() and not ignored
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, self._on_end)
        signal.signal(signal.SIGHUP, self._on_reload)

    def start_engine(self, start: Callable[[], Child]) -> None:
        """Raises `StartupError`."""
        self._engine = RestartingProcess(start)

    def start_web(self, workers: int, cores: Sequence[int] = ()) -> None:
        """With `cores`, each process stays on one of them; they go round."""
        self._cores = cores
        self._web = [self._start_worker(place) for place in range(workers)]

    def wait_ready(self, url: str, *, seconds: float = 60.0) -> None:
        """Returns once every web process serves and the service answers. Raises `StartupError`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._ending.is_set():
                return
            if not any(child.running() for child in self._web):
                raise StartupError("The web process ended at once; its message is above.")
            if any(child.serves(within=0.05) is None for child in self._web):
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
            for place, child in enumerate(self._web):
                if not child.running() and not self._ending.wait(RESTART_PAUSE):
                    child.end(grace=0)
                    self._web[place] = self._start_worker(place)
            if self._engine is not None:
                self._engine.look()

    def end(self) -> None:
        """Web first, so that streams can finish while the model still answers."""
        threads = [
            threading.Thread(target=child.end, kwargs={"grace": WEB_GRACE})
            for child in (*self._web, *self._leaving)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._engine is not None:
            self._engine.end(grace=ENGINE_GRACE)
        self._listener.close()
        os.close(self._occupancy.descriptor)

    def _start_worker(self, place: int) -> Worker:
        worker = Worker(self._listener.fileno(), self._environment, self._occupancy.take())
        if self._cores:
            pin(worker.pid, self._cores[place % len(self._cores)])
        return worker

    def _replace_all(self) -> None:
        for place, old in enumerate(self._web):
            new = self._start_worker(place)
            if not self._comes_up(new):
                new.end(grace=0)
                if not self._ending.is_set():
                    sys.stderr.write(
                        "Not reloaded: the new web process did not start; its message is above. "
                        "The old ones go on.\n"
                    )
                return
            self._web[place] = new
            self._leaving.append(old)
            old.leave()

    def _comes_up(self, worker: Worker) -> bool:
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


def _has_terminal() -> bool:
    """Whether this process has a controlling terminal."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
