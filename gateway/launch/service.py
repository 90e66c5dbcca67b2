"""The running service: the web processes and the engine, started, watched and ended together."""

from __future__ import annotations

import signal
import socket
import threading
import time
import urllib.request
from collections.abc import Mapping
from types import FrameType

from gateway.launch.child import Child
from gateway.launch.trouble import Trouble

WEB_GRACE = 25.0
ENGINE_GRACE = 6.0
RESTART_PAUSE = 1.0
"""Seconds between a web process's death and its successor, so that a broken one does not spin."""


class Service:
    """Ends with every process it started, however it ends."""

    def __init__(self, listener: socket.socket, environment: Mapping[str, str]) -> None:
        self._listener = listener
        self._environment = environment
        self._web: list[Child] = []
        self._engine: Child | None = None
        self._ending = threading.Event()
        self._reload = threading.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, self._on_end)
        signal.signal(signal.SIGHUP, self._on_reload)

    def adopt(self, engine: Child) -> None:
        self._engine = engine

    def start_web(self, workers: int) -> None:
        self._web = [self._start_worker() for _ in range(workers)]

    def wait_ready(self, url: str, *, seconds: float = 60.0) -> None:
        """Returns once the service answers. Raises `Trouble`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._ending.is_set():
                return
            if not any(child.running() for child in self._web):
                raise Trouble("The web process ended at once; its message is above.")
            try:
                with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:  # noqa: S310
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.05)
        raise Trouble(f"The service did not become ready within {seconds:.0f} seconds.")

    def run(self) -> None:
        """Watches until it is asked to end; a web process that dies is replaced.

        On SIGHUP the web processes are replaced one by one: the new one listens before the old one
        is asked to finish its streams.
        """
        while not self._ending.wait(0.2):
            if self._reload.is_set():
                self._reload.clear()
                self._replace_all()
            for place, child in enumerate(self._web):
                if not child.running() and not self._ending.wait(RESTART_PAUSE):
                    self._web[place] = self._start_worker()

    def end(self) -> None:
        """Web first, so that streams can finish while the model still answers."""
        threads = [
            threading.Thread(target=child.end, kwargs={"grace": WEB_GRACE}) for child in self._web
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._engine is not None:
            self._engine.end(grace=ENGINE_GRACE)
        self._listener.close()

    def _start_worker(self) -> Child:
        descriptor = self._listener.fileno()
        return Child(
            "web",
            "gateway.web",
            ["--fd", str(descriptor)],
            environment=self._environment,
            pass_fds=[descriptor],
        )

    def _replace_all(self) -> None:
        for place, old in enumerate(self._web):
            self._web[place] = self._start_worker()
            threading.Thread(target=old.end, kwargs={"grace": WEB_GRACE}).start()

    def _on_end(self, number: int, frame: FrameType | None) -> None:
        self._ending.set()

    def _on_reload(self, number: int, frame: FrameType | None) -> None:
        self._reload.set()
