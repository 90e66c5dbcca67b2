"""Web processes are replaced: all of them on SIGHUP, under load, and one that dies."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.gateway.supervisor.processes import until, web_processes
from tests.service.operator import Operator
from tests.support import openai_shapes as shapes
from tests.support.installation import Installation
from tests.support.upstream import Json, Sse, Upstream


class UntilTold:
    """A stream that goes on until the test lets it end."""

    def __init__(self) -> None:
        self.enough = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        role, begun, *rest = shapes.stream("begun", " over")
        yield from (role, begun)
        while not self.enough.is_set():
            yield b": still here\n\n"
        yield from rest


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("secrets") / "secret_key"
    file.write_text("s" * 60)
    return file


@pytest.fixture(scope="module", params=["fast", "stock"])
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, secret: Path
) -> Iterator[Installation]:
    kept = {"POINTSMAN_SECRET_KEY_FILE": str(secret), "POINTSMAN_SERVER": request.param}
    data_dir = tmp_path_factory.mktemp("reload")
    with Installation(data_dir, "--no-model", "--workers", "2", **kept) as running:
        yield running


def ask(operator: Operator, model: str, **more: Any) -> httpx.Response:
    """Once more where a process does not know the provider yet, which it does within a second."""
    found: list[httpx.Response] = []

    def known() -> bool:
        found.append(operator.ask(model, **more))
        return found[-1].status_code != 404

    until(known)
    return found[-1]


def test_a_reload_that_fails_changes_nothing(service: Installation, secret: Path) -> None:
    """The new process cannot read its secret: the reason is said, and the old ones go on."""
    old = web_processes(service)
    words = secret.read_text()
    secret.unlink()
    service.process.send_signal(signal.SIGHUP)
    until(lambda: "Not reloaded" in service.output)
    assert web_processes(service) == old
    assert httpx.get(f"{service.url}/readyz").status_code == 200
    secret.write_text(words)


def test_a_reload_drops_nothing(service: Installation) -> None:
    """Streams run to their ends in the old processes while new ones answer everybody else."""
    operator = Operator(service.url, service.api_key)
    events = UntilTold()
    texts: list[str] = []
    with (
        Upstream(Sse(events, pause=0.1)) as slow,
        Upstream(Json(shapes.completion("quick"))) as quick,
    ):
        streaming, whole = (f"{operator.provider(one)}/m" for one in (slow, quick))

        def read() -> None:
            texts.append(ask(operator, streaming, stream=True).text)

        readers = [threading.Thread(target=read) for _ in range(6)]
        for reader in readers:
            reader.start()
        until(lambda: len(slow.asked) == 6)
        old = web_processes(service)
        service.process.send_signal(signal.SIGHUP)
        while len(web_processes(service) - old) < 2:
            assert ask(operator, whole).status_code == 200
        assert old & web_processes(service), "a stream keeps the process that carries it"
        for _ in range(20):
            assert operator.ask(whole).status_code == 200
        events.enough.set()
        for reader in readers:
            reader.join(60)
        until(lambda: not old & web_processes(service))
        assert operator.ask(whole).status_code == 200
    assert len(texts) == 6
    for text in texts:
        assert "begun" in text
        assert text.endswith("data: [DONE]\n\n")


def test_a_reload_loses_no_connection_that_waits(service: Installation) -> None:
    """New connections come all the time, among them some that an old process never accepts."""
    old = web_processes(service)
    enough = threading.Event()
    failed: list[str] = []
    answered: list[int] = []

    def call() -> None:
        while not enough.is_set():
            try:
                answered.append(httpx.get(f"{service.url}/livez", timeout=30).status_code)
            except httpx.HTTPError as error:
                failed.append(repr(error))

    callers = [threading.Thread(target=call) for _ in range(8)]
    for caller in callers:
        caller.start()
    service.process.send_signal(signal.SIGHUP)
    until(lambda: not old & web_processes(service))
    enough.set()
    for caller in callers:
        caller.join(60)
    assert failed == []
    assert set(answered) == {200}


def test_a_web_process_that_dies_is_replaced(service: Installation) -> None:
    old = web_processes(service)
    died = min(old)
    os.kill(died, signal.SIGKILL)
    until(lambda: len(web_processes(service) - {died}) == len(old))
    assert httpx.get(f"{service.url}/readyz").status_code == 200


SERVICE_IN_A_TERMINAL = """
import fcntl, signal, termios
# The tests may run under nohup.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from gateway.supervisor.listener import Listeners
from gateway.supervisor.supervisor import Supervisor
supervisor = Supervisor(Listeners("127.0.0.1", 0), {})
print("started", flush=True)
supervisor.run()
"""


def test_closing_the_terminal_ends_the_service() -> None:
    """The same signal: nobody wants the service to hold its port without a window."""
    master, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", SERVICE_IN_A_TERMINAL],
        stdin=terminal,
        stdout=terminal,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(terminal)
    try:
        said = b""
        while not said.endswith(b"started\r\n"):
            said += os.read(master, 100)
        os.close(master)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
