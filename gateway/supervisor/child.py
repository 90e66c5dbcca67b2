"""A process the launcher starts and ends.

Children run in sessions of their own, so that Ctrl-C reaches the launcher alone and it ends them in
order. Each holds the read end of a pipe on standard input: its end means the launcher is gone.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress


class Child:
    """One running process."""

    def __init__(
        self,
        name: str,
        module: str,
        arguments: Sequence[str] = (),
        *,
        environment: Mapping[str, str] | None = None,
        pass_fds: Sequence[int] = (),
        read_output: bool = False,
    ) -> None:
        self.name = name
        self.process = subprocess.Popen(  # noqa: S603  # our own modules
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if read_output else None,
            env={**os.environ, **(environment or {})},
            pass_fds=tuple(pass_fds),
            start_new_session=True,
            text=True,
        )

    @property
    def pid(self) -> int:
        return self.process.pid

    def running(self) -> bool:
        return self.process.poll() is None

    def end(self, *, grace: float) -> None:
        """Asks the process to end and waits; after `grace` seconds its whole group is killed."""
        if self.running():
            with suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(grace)
        if self.running():
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
