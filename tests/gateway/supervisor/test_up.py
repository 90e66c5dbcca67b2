"""`manage.py up` as a new user meets it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from tests.gateway.supervisor.processes import until
from tests.support.installation import Installation, manage


def alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}/cmdline").exists() and not _zombie(pid)]


def _zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def gone(pids: list[int], within: float) -> bool:
    deadline = time.monotonic() + within
    while alive(pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not alive(pids)


def test_first_and_second_run(tmp_path: Path) -> None:
    """The first run prints password and key, the second is quick and keeps the user's data."""
    with Installation(tmp_path, "--no-model") as first:
        key, password = first.api_key, first.password
        headers = {"Authorization": f"Bearer {key}"}
        profile = {
            "name": "Mine",
            "virtual_provider": "mine",
            "targets": [{"provider": "later", "model": "m"}],
        }
        url = f"{first.url}/api/governance/routing-profiles"
        assert httpx.post(url, json=profile, headers=headers).status_code == 201
        assert httpx.get(f"{first.url}/admin/login/").status_code == 200
    with Installation(tmp_path, "--no-model") as second:
        assert second.seconds_to_ready < 40
        assert key not in second.output
        assert password not in second.output
        listed = httpx.get(f"{second.url}/api/governance/routing-profiles", headers=headers).json()[
            "profiles"
        ]
        assert "Mine" in [one["name"] for one in listed]
    assert stat_mode(tmp_path / "secrets" / "secret_key") == 0o600
    assert stat_mode(tmp_path / "secrets" / "encryption_key") == 0o600


def stat_mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_ctrl_c_ends_everything(tmp_path: Path) -> None:
    with Installation(tmp_path, "--no-model", "--workers", "2") as service:
        started = service.descendants()
        assert len(started) >= 2
        assert service.stop(signal.SIGINT) == 0
        assert gone(started, 1)


def test_a_killed_launcher_leaves_no_orphans(tmp_path: Path) -> None:
    with Installation(tmp_path, "--no-model") as service:
        started = service.descendants()
        os.kill(service.process.pid, signal.SIGKILL)
        assert gone(started, 10)


def test_a_second_start_leaves_the_first_its_metrics(tmp_path: Path) -> None:
    """Somebody forgot that it runs already: the second one's collector waits, and goes with it."""
    with Installation(tmp_path, "--no-model") as first:
        headers = {"Authorization": f"Bearer {first.api_key}"}
        assert httpx.get(f"{first.url}/v1/models", headers=headers).status_code == 200
        with Installation(tmp_path, "--no-model") as second:
            until(lambda: "this one waits" in second.output)
        until(lambda: "pointsman" in httpx.get(f"{first.url}/metrics", headers=headers).text)


def test_a_taken_port_is_said_in_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = manage(tmp_path, "up", "--no-model", "--port", str(port))
    assert result.returncode != 0
    assert f"Port {port} is taken" in result.stderr
    assert f"PORT={port + 1}" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("port", ["99999", "-1"])
def test_a_port_out_of_range_is_said_in_a_sentence(tmp_path: Path, port: str) -> None:
    result = manage(tmp_path, "up", "--no-model", f"--port={port}")
    assert result.returncode != 0
    assert f"{port} is not a port: ports go from 0 to 65535." in result.stderr
    assert "Traceback" not in result.stderr


def test_a_misspelt_setting_is_warned_of(tmp_path: Path) -> None:
    result = manage(tmp_path, "check", POINTSMAN_METRIC_PUBLIC="true", POINTSMAN_API_KEY="pm-x")
    assert result.returncode == 0
    assert (
        "POINTSMAN_METRIC_PUBLIC is no setting of this service and has no effect. "
        "Did you mean POINTSMAN_METRICS_PUBLIC?" in result.stderr
    )
    assert "POINTSMAN_API_KEY" not in result.stderr


def test_a_server_that_does_not_exist_is_said_in_a_sentence(tmp_path: Path) -> None:
    result = manage(tmp_path, "check", POINTSMAN_SERVER="gunicorn")
    assert result.returncode != 0
    assert "POINTSMAN_SERVER must be fast or stock, not 'gunicorn'." in result.stderr


def test_what_is_kept_is_for_its_owner_alone(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    assert manage(data_dir, "migrate", "--verbosity", "0").returncode == 0
    assert stat_mode(data_dir) == 0o700
    assert stat_mode(data_dir / "pointsman.sqlite3") == 0o600


def test_the_home_directory_may_be_written_short(tmp_path: Path) -> None:
    result = manage(tmp_path, "check", POINTSMAN_DATA_DIR="~/kept", HOME=str(tmp_path))
    assert result.returncode == 0
    assert (tmp_path / "kept").is_dir()


def test_a_data_directory_that_cannot_be_made_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = manage(tmp_path / "file" / "data", "up", "--no-model", "--port", "0")
    assert result.returncode != 0
    assert "Not a directory" in result.stderr
    assert "POINTSMAN_DATA_DIR" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_database_that_cannot_be_used_is_said_in_a_sentence(tmp_path: Path) -> None:
    result = manage(
        tmp_path,
        "up",
        "--no-model",
        "--port",
        "0",
        POINTSMAN_DATABASE_URL=f"sqlite:///{tmp_path}/nowhere/db.sqlite3",
    )
    assert result.returncode != 0
    assert "The database cannot be used: unable to open database file." in result.stderr
    assert "POINTSMAN_DATABASE_URL" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_setting_that_makes_no_sense_is_said_in_a_sentence(tmp_path: Path) -> None:
    result = manage(tmp_path, "check", POINTSMAN_MAX_BODY_MIB="much")
    assert result.returncode != 0
    assert result.stderr == (
        "CommandError: POINTSMAN_MAX_BODY_MIB must be a whole number, not 'much'.\n"
    )


def test_weights_that_cannot_be_had_are_said_in_a_sentence(tmp_path: Path) -> None:
    """Without a network on the first run: what is missing, and how to start without it."""
    result = manage(
        tmp_path,
        "up",
        "--port",
        "0",
        PIP_INDEX_URL="http://127.0.0.1:9/simple",
        PIP_EXTRA_INDEX_URL="",
        PIP_FIND_LINKS="",
        PIP_CONFIG_FILE=os.devnull,
        PIP_RETRIES="0",
        HTTPS_PROXY="http://127.0.0.1:9",
        HTTP_PROXY="http://127.0.0.1:9",
    )
    assert result.returncode != 0
    assert "weights cannot be had" in result.stderr
    assert "--no-model" in result.stderr
    assert "Traceback" not in result.stderr


def test_create_api_key_prints_the_key_alone(tmp_path: Path) -> None:
    assert manage(tmp_path, "migrate", "--verbosity", "0").returncode == 0
    result = manage(tmp_path, "create_api_key", "ci", "--scopes", "inference,governance:read")
    assert result.returncode == 0
    assert len(result.stdout.splitlines()) == 1
    assert result.stdout.startswith("pm")
    wrong = manage(tmp_path, "create_api_key", "ci2", "--scopes", "everything")
    assert wrong.returncode != 0
    assert "governance:write" in wrong.stderr


def command_line(pid: int) -> bytes:
    """Empty for a process that has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def again(line: str) -> str:
    """What the line prints, its pieces of text put together."""
    said = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=180).stdout
    return "".join(re.findall(r'"content":"([^"]*)"', said))


@pytest.mark.timeout(400)
def test_the_printed_curl_line_streams_a_real_answer(tmp_path: Path) -> None:
    """The whole way: real weights, a real MLX process, and the line a new user would paste.

    Once more after a kill -9 of the engine, which the launcher starts again.
    """
    with Installation(tmp_path, wait=300) as service:
        everything = service.descendants()
        line = service.curl.replace("curl -N", "curl -sN --max-time 120")
        result = subprocess.run(
            ["sh", "-c", line], capture_output=True, text=True, timeout=180, check=True
        )
        [engine] = [pid for pid in everything if b"local.engine" in command_line(pid)]
        os.kill(engine, signal.SIGKILL)
        assert gone([engine], 5)
        until(lambda: "it is started again" in service.output, seconds=90)
        until(lambda: "Paris" in again(line), seconds=90)
        everything = service.descendants()
        assert service.stop() == 0
        assert gone(everything, 2)
    events = [part[6:] for part in result.stdout.split("\n\n") if part.startswith("data: ")]
    assert events[-1] == "[DONE]", result.stdout
    chunks = [json.loads(event) for event in events[:-1]]
    text = "".join(
        choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"]
    )
    assert "Paris" in text
    assert len(chunks) > 3
