"""The service as a user starts it: `manage.py up` in a process of its own, on a data directory."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parent.parent.parent


def environment(data_dir: Path, **more: str) -> dict[str, str]:
    """What a fresh machine's shell would hold, with the data kept elsewhere."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("POINTSMAN_", "DJANGO_"))}
    return {**kept, "POINTSMAN_DATA_DIR": str(data_dir), "PYTHONUNBUFFERED": "1", **more}


def manage(data_dir: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment(data_dir, **more),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


class Installation:
    """`with Installation(tmp_path, "--no-model") as service:`."""

    def __init__(self, data_dir: Path, *arguments: str, wait: float = 60.0, **more: str) -> None:
        self.data_dir = data_dir
        self.output = ""
        self._arguments = arguments
        self._wait = wait
        self._more = more
        self._ready = threading.Event()

    def __enter__(self) -> Self:
        began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--port", "0", *self._arguments],
            cwd=ROOT,
            env=environment(self.data_dir, **self._more),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._ready.wait(self._wait):
            self.stop()
            raise AssertionError(f"not ready after {self._wait} s:\n{self.output}")
        assert self.process.poll() is None, self.output
        self.seconds_to_ready = time.monotonic() - began
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """Ctrl-C, and the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            status = self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self._reader.join(5)
        return status

    def descendants(self) -> list[int]:
        """Process ids of everything the launcher started."""
        found, queue = [], [self.process.pid]
        while queue:
            parent = queue.pop()
            for task in Path(f"/proc/{parent}/task").glob("*/children"):
                children = [int(pid) for pid in task.read_text().split()]
                found += children
                queue += children
        return found

    @property
    def url(self) -> str:
        return self._found(r"ready at (http://\S+)")

    @property
    def api_key(self) -> str:
        return self._found(r"API key\s+(pm\S+)")

    @property
    def password(self) -> str:
        return self._found(r"password (\S+)")

    @property
    def curl(self) -> str:
        """The command line the banner prints."""
        return self._found(r"(?s)(curl -N .*?\}')")

    def _found(self, pattern: str) -> str:
        match = re.search(pattern, self.output)
        assert match is not None, self.output
        return match[1]

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line
            if "Ctrl-C stops" in line:
                self._ready.set()
        self._ready.set()
