"""The recorder of a web process: started once, and flushed when the process ends."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from gateway.collector import recording
from gateway.collector.gauges import GaugeReceiver
from gateway.collector.places import places
from gateway.server import in_flight
from governance.models import Interaction
from inference.record import record
from inference.record.lines import read_line
from inference.record.segments import segments_in
from tests.governance.interactions.request_contexts import request_context
from tests.support.collecting import collect, records_of
from tests.support.migrated import migrated


@pytest.mark.django_db
def test_it_works(tmp_path: Path, settings: Any) -> None:
    """What a consumer keeps is in the log at the end, and in the database once it is collected."""
    settings.DATA_DIR, settings.INTERACTION_LOG_DIR = tmp_path, tmp_path / "days"
    recording.start()
    recording.start()
    record.keep(request_context(id="req_wired", finish_reason="length", protocol="wired"))
    recording.stop()
    recording.stop()
    record.keep(request_context(id="req_late"))
    collect()
    (path,) = (tmp_path / "days").iterdir()
    (line,) = records_of(path)
    assert (line.id, line.node) == ("req_wired", settings.NODE_NAME)
    assert Interaction.objects.get().request_id == "req_wired"
    assert b'protocol="wired"' in (places().published / "metrics.prom").read_bytes()


async def test_lines_and_gauges_leave_every_100_ms(tmp_path: Path, settings: Any) -> None:
    settings.DATA_DIR = tmp_path
    receiver = GaugeReceiver(places().socket)
    recording.start()
    try:
        in_flight.in_flight += 3
        record.keep(request_context())
        deadline = time.monotonic() + 5
        while not segments_in(places().segments) or receiver.now()[0] != 3:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)
            receiver.receive()
    finally:
        in_flight.in_flight -= 3
        recording.stop()
        receiver.close()


async def test_without_a_collector_it_goes_on(tmp_path: Path, settings: Any) -> None:
    """Nobody listens on the socket, which is noticed by nobody."""
    settings.DATA_DIR = tmp_path
    recording.start()
    record.keep(request_context())
    await asyncio.sleep(0.3)
    recording.stop()
    ((_, size),) = segments_in(places().segments)
    assert size > 0


@pytest.mark.parametrize("how", ["uvicorn", "daphne"])
def test_a_server_that_is_asked_to_end_loses_nothing(tmp_path: Path, how: str) -> None:
    """With lifespan and without: a request answered just before SIGTERM is in the log."""
    environment = {**os.environ, "POINTSMAN_DATA_DIR": str(migrated(tmp_path))}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = {
        "uvicorn": ["--port", str(port), "--log-level", "warning", "gateway.asgi:application"],
        "daphne": ["--port", str(port), "--verbosity", "0", "gateway.asgi:application"],
    }[how]
    server = subprocess.Popen([sys.executable, "-m", how, *arguments], env=environment)
    try:
        deadline = time.monotonic() + 60
        while _status(port, "/livez") is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert _status(port, "/v1/chat/completions") == 401
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) in (0, -signal.SIGTERM)
    (path,) = (tmp_path / "segments").rglob("*.segment")
    (line,) = path.read_bytes().splitlines()
    assert read_line(line).record.error_code == "missing_api_key"


def _status(port: int, path: str) -> int | None:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}")
    if path.startswith("/v1"):
        request.data = b"{}"
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None
