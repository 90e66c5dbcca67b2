"""The recorder of a web process: started once, and flushed when the process ends."""

from __future__ import annotations

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

import msgspec
import pytest

from gateway.collector import recording
from gateway.collector.exposition import exposition
from governance.models import Interaction
from inference.record import record
from tests.interactions.journeys import journey


@pytest.mark.django_db(transaction=True)
def test_it_works(tmp_path: Path, settings: Any) -> None:
    """What a consumer keeps is in the log, in the database and in the metrics after the end."""
    settings.INTERACTION_LOG_DIR = tmp_path
    recording.start()
    recording.start()
    record.keep(journey(id="req_wired", finish_reason="length", protocol="wired"))
    recording.stop()
    recording.stop()
    record.keep(journey(id="req_late"))
    (path,) = tmp_path.iterdir()
    (line,) = path.read_bytes().splitlines()
    assert msgspec.json.decode(line)["id"] == "req_wired"
    assert Interaction.objects.get().request_id == "req_wired"
    assert b'protocol="wired"' in exposition()


@pytest.mark.parametrize("how", ["uvicorn", "daphne"])
def test_a_server_that_is_asked_to_end_loses_nothing(tmp_path: Path, how: str) -> None:
    """With lifespan and without: a request answered just before SIGTERM is in the log."""
    environment = {**os.environ, "POINTSMAN_DATA_DIR": str(tmp_path)}
    run = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(run, env=environment, check=True)
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
    (path,) = (tmp_path / "interactions").iterdir()
    (line,) = path.read_bytes().splitlines()
    assert msgspec.json.decode(line)["error_code"] == "missing_api_key"


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
