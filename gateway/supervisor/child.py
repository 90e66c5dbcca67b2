"""A process the supervisor starts, and one it starts again whenever it dies.

Children run in sessions of their own, so that Ctrl-C reaches the supervisor alone and it ends them
in order. Each holds the read end of a pipe on standard input: its end means that the supervisor is
gone.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from gateway.supervisor.startup_error import StartupError

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
STABLE = 60.0
"""Seconds after which a process counts as having worked: the next pause is the first one again."""


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
        announces: bool = False,
    ) -> None:
        """`announces`: the module takes `--ready-fd` and writes a byte into it once it serves."""
        self.name = name
        self.ready: bool | None = None if announces else True
        ours, theirs = os.pipe()
        self._gone = False
        self._announcement = os.fdopen(ours, "rb", buffering=0)
        if announces:
            arguments = [*arguments, "--ready-fd", str(theirs)]
            pass_fds = [*pass_fds, theirs]
        try:
            self.process = subprocess.Popen(  # noqa: S603  # our own modules
                [sys.executable, "-m", module, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if read_output else None,
                env={**os.environ, **(environment or {})},
                pass_fds=tuple(pass_fds),
                start_new_session=True,
                text=True,
            )
        except OSError as error:
            self._announcement.close()
            raise StartupError(f"The {name} cannot be started: {error.strerror}.") from None
        finally:
            os.close(theirs)

    @property
    def pid(self) -> int:
        return self.process.pid

    def running(self) -> bool:
        return self.process.poll() is None

    def serves(self, *, within: float) -> bool | None:
        """Whether it does; None when that is not known after `within` seconds."""
        if self.ready is None and select.select([self._announcement], [], [], within)[0]:
            # The end of the pipe without a byte in it: the process is gone.
            self.ready = bool(self._announcement.read(1))
        return self.ready

    def beat(self) -> bool:
        """Whether it has said since the last call that it is alive."""
        # Of one that was started in another's place, nobody else asks whether it serves.
        if not self.serves(within=0) or self._gone:
            return False
        if not select.select([self._announcement], [], [], 0)[0]:
            return False
        said = self._announcement.read(4096)
        self._gone = not said
        return bool(said)

    def kill(self) -> None:
        """Ends it and whatever it started, at once."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def leave(self) -> None:
        """Lets it finish what it is at and end, since another process has taken over."""
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGHUP)

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
        for stream in (self.process.stdin, self.process.stdout, self._announcement):
            if stream is not None:
                with suppress(OSError):
                    stream.close()


class RestartingProcess:
    """Pauses double, from `FIRST_PAUSE` to `longest_pause` seconds, while it keeps dying."""

    def __init__(
        self,
        start: Callable[[], Child],
        *,
        grace: float,
        longest_pause: float = LONGEST_PAUSE,
        silence: float | None = None,
        on_death: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Starts it. `grace`: seconds it has to end. `silence`: seconds without a beat after which
        it is frozen, and killed. Raises `StartupError`."""
        self._start = start
        self._grace = grace
        self._longest_pause = longest_pause
        self._on_death = on_death
        self._clock = clock
        self._began = clock()
        self._pause = FIRST_PAUSE
        self._due: float | None = None
        self._silence = silence
        self._heard = self._polled = self._began
        self.child = start()

    def poll(self) -> None:
        """Call again and again: notices its death, and starts it once the pause is over."""
        if self.child.running():
            self._watch()
            return
        now = self._clock()
        if self._due is None:
            if now - self._began >= STABLE:
                self._pause = FIRST_PAUSE
            status = self.child.process.returncode
            sys.stderr.write(
                f"The {self.child.name} ended with status {status}; "
                f"it is started again in {self._pause:.0f} s.\n"
            )
            self._due = now + self._pause
            self._pause = min(self._pause * 2, self._longest_pause)
            self._on_death()
        elif now >= self._due:
            self._due, self._began = None, now
            self.child.end(grace=0)
            try:
                self.child = self._start()
            except StartupError as trouble:
                sys.stderr.write(f"{trouble}\n")

    def _watch(self) -> None:
        """Kills a process that runs and does nothing."""
        if self._silence is None:
            return
        now, polled = self._clock(), self._polled
        self._polled = now
        if self.child.beat() or not self.child.ready or now - polled > self._silence / 2:
            # Where nobody listened for long, the machine slept.
            self._heard = now
        elif now - self._heard > self._silence:
            self._heard = now
            sys.stderr.write(
                f"The {self.child.name} has not moved for {self._silence:.0f} s; it is replaced.\n"
            )
            self.child.kill()

    def successor(self) -> Child:
        """Another process beside the one that runs, for a change without a gap."""
        return self._start()

    def replace(self, new: Child) -> Child:
        """`new` takes its place from now on. Returns the old one, which was told to leave."""
        old, self.child = self.child, new
        self._began, self._due = self._clock(), None
        old.leave()
        return old

    def end(self) -> None:
        self.child.end(grace=self._grace)
