"""A model of a hub, on loopback: resumed where it broke off, refused when it comes damaged."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.inference.local import gguf_file

COMMIT = "0123456789abcdef0123456789abcdef01234567"
PADDING = 12 * 2**20
"""Bytes behind the weights: the library writes down ten megabytes at a time."""


class Hub(ThreadingHTTPServer):
    """One repository, `someone/tiny`, with one file. Strict: what it does not know is a 404."""

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.content = content
        self.sent = content
        self.digest = hashlib.sha256(content).hexdigest()
        self.ranges: list[str] = []
        self.break_after: int | None = None
        self.files = ["tiny.Q8.gguf", "README.md", "run.py"]


class _Answer(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET(body=False)

    def do_GET(self, *, body: bool = True) -> None:
        path = self.path.partition("?")[0]
        if path.startswith("/api/models/someone/tiny"):
            self._whole(json.dumps(self._about()).encode(), body)
        elif path == f"/someone/tiny/resolve/{COMMIT}/tiny.Q8.gguf":
            self._file(body)
        else:
            self._whole(b'{"error": "Repository not found"}', body, 404)

    def _about(self) -> dict[str, Any]:
        size = len(self.server.content)
        lfs = {"sha256": self.server.digest, "size": size, "pointerSize": 130}
        siblings: list[dict[str, Any]] = [
            {"rfilename": name, "size": 10, "blobId": "b"} for name in self.server.files
        ]
        for one in siblings:
            if one["rfilename"].endswith(".gguf"):
                one |= {"size": size, "lfs": lfs}
        return {"id": "someone/tiny", "sha": COMMIT, "siblings": siblings}

    def _whole(self, body: bytes, send: bool, status: int = 200) -> None:
        self.send_response(status)
        if status == 404:
            self.send_header("x-error-code", "RepoNotFound")
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if send:
            self.wfile.write(body)

    def _file(self, send: bool) -> None:
        hub, start = self.server, 0
        given = self.headers.get("range")
        if given and send:
            hub.ranges.append(given)
            start = int(given.removeprefix("bytes=").rstrip("-").split("-")[0])
        part = hub.sent[start:]
        self.send_response(206 if given else 200)
        self.send_header("content-length", str(len(part)))
        self.send_header("etag", f'"{hub.digest}"')
        self.send_header("x-repo-commit", COMMIT)
        self.send_header("accept-ranges", "bytes")
        if given:
            total = len(hub.sent)
            self.send_header("content-range", f"bytes {start}-{total - 1}/{total}")
        self.end_headers()
        if not send:
            return
        if hub.break_after is not None:
            self.wfile.write(part[: hub.break_after])
            hub.break_after = 0  # from then on there is nobody
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(2)
        else:
            self.wfile.write(part)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    path = tmp_path / "source.gguf"
    gguf_file.write(path, quantized=False)
    with Hub(path.read_bytes() + bytes(PADDING)) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def add(hub: Hub, folder: Path, source: str, *more: str) -> dict[str, Any]:
    """The last line of the program that adds; it reads the environment when it starts."""
    environment = {**os.environ, "HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}"}
    environment |= {"HF_HUB_DISABLE_XET": "1", "HF_HOME": str(folder / "hf")}
    environment.pop("HF_HUB_OFFLINE", None)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "inference.local.store.adding", source),
            *("--models-dir", str(folder / "models"), *more),
        ],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_it_works_and_goes_on_where_it_broke_off(hub: Hub, tmp_path: Path) -> None:
    hub.break_after = 11 * 2**20
    first = add(hub, tmp_path, "hub:someone/tiny")
    assert "What has come is kept" in first["error"]
    hub.break_after = None
    assert add(hub, tmp_path, "hub:someone/tiny") == {"added": "tiny"}
    assert hub.ranges, "the second call asked for the rest alone"
    assert (tmp_path / "models" / "tiny.gguf").read_bytes() == hub.content
    assert os.listdir(tmp_path / "models") == ["tiny.gguf"]


def test_what_cannot_be_had_is_said_in_a_sentence(hub: Hub, tmp_path: Path) -> None:
    assert "has no someone/else" in add(hub, tmp_path, "hub:someone/else")["error"]
    assert "no other.gguf" in add(hub, tmp_path, "hub:someone/tiny/other.gguf")["error"]
    hub.sent = hub.content[:-1] + b"x"
    assert "damaged" in add(hub, tmp_path, "hub:someone/tiny")["error"]
    assert not list((tmp_path / "models").glob("*.gguf"))
    small = add(hub, tmp_path, "hub:someone/tiny", "--disk-budget", "1000")
    assert "of the budget of" in small["error"]
