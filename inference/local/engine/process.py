"""One worker process: starting it, hearing it, ending it."""

import asyncio
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from inference.local.engine.messages import Failed, Lines, Message, Ready, read_message
from inference.local.log_lines import words_of
from inference.local.paths import without_paths

Listener = Callable[[Message], None]

_DRAIN_S = 0.3


class WorkerProcess(asyncio.SubprocessProtocol):
    """A worker in a process group of its own.

    It holds the reading end of a pipe on its standard input; when the engine dies, however
    suddenly, the pipe closes and the worker ends itself. Its standard error is passed on, and
    the last line before it was ready is kept: that is what an operator needs to see. Callers are
    told too, so paths are cut out of every reason; the log has them.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        listener: Listener,
        models_dir: str = "",
    ) -> None:
        self._command = command
        self._environment = environment
        self._listener = listener
        self._models_dir = models_dir
        self._lines = Lines()
        self._stderr_lines = Lines()
        self._last_words: deque[str] = deque(maxlen=1)
        self._exited = asyncio.Event()
        self._stdout_closed = asyncio.Event()
        self._transport: asyncio.SubprocessTransport | None = None
        self._ready = False
        self.stated_reason: str | None = None
        """What the worker itself said about why it cannot serve."""

    async def start(self) -> None:
        """Raises OSError when the process cannot be started."""
        await asyncio.get_running_loop().subprocess_exec(
            lambda: self, *self._command, env=dict(self._environment), process_group=0
        )

    @property
    def pid(self) -> int:
        assert self._transport is not None
        return self._transport.get_pid()

    # --- asyncio's callbacks -----------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)
        self._transport = transport

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 1:
            for line in self._lines.feed(data):
                self._hear(line)
        else:
            with suppress(OSError):  # nobody may be left to read it
                sys.stderr.buffer.write(data)
                sys.stderr.buffer.flush()
            if not self._ready:
                lines = (line.decode(errors="replace") for line in self._stderr_lines.feed(data))
                self._last_words.extend(line.strip() for line in lines if line.strip())

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd == 1:
            self._stdout_closed.set()

    def process_exited(self) -> None:
        self._exited.set()

    def _hear(self, line: bytes) -> None:
        message = read_message(line)
        if message is None:
            return
        if isinstance(message, Failed):
            self.stated_reason = without_paths(message.reason, self._models_dir)
        self._ready = self._ready or isinstance(message, Ready)
        self._listener(message)

    # --- its end -----------------------------------------------------------------------------

    async def wait(self) -> str:
        """Wait for the end of the process; returns how it ended, as a sentence."""
        await self._exited.wait()
        # The last words may still be in the pipe. A grandchild can hold it open for ever.
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stdout_closed.wait(), _DRAIN_S)
        assert self._transport is not None
        code = self._transport.get_returncode()
        self._transport.close()
        if self.stated_reason:
            return self.stated_reason
        words = "" if self._ready else " ".join(map(words_of, self._last_words))
        return describe_exit(code or 0, without_paths(words, self._models_dir))

    async def end(self, grace_s: float) -> None:
        """SIGTERM, then SIGKILL for the whole group once the grace is over."""
        self._signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._exited.wait(), grace_s)
        except TimeoutError:
            self.kill()

    def kill(self) -> None:
        """SIGKILL, for the worker and whatever it started."""
        if not self._exited.is_set():
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        assert self._transport is not None
        if not self._exited.is_set():
            with suppress(ProcessLookupError):
                self._transport.send_signal(number)


def describe_exit(code: int, last_words: str = "") -> str:
    """A return code as a sentence; negative codes are signals, as in `subprocess`."""
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        how = f"The worker was ended by {name}"
    else:
        how = f"The worker ended with exit code {code}"
    return f"{how}: {last_words}" if last_words else f"{how}."
