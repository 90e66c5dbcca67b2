"""A web process, which says when it serves."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Mapping
from contextlib import suppress

from gateway.server.connection_board import WorkerSlot
from gateway.supervisor.child import Child


class Worker(Child):
    """One web process on the listener it inherits."""

    def __init__(
        self, listener: int, environment: Mapping[str, str], seat: WorkerSlot | None = None
    ) -> None:
        ours, theirs = os.pipe()
        arguments = ["--fd", str(listener), "--ready-fd", str(theirs)]
        passed = [listener, theirs]
        self._seat = seat
        if seat is not None:
            arguments += ["--occupancy-fd", str(seat.descriptor), "--slot", str(seat.slot)]
            passed.append(seat.descriptor)
        self._ready = os.fdopen(ours, "rb", buffering=0)
        try:
            super().__init__(
                "web",
                "gateway.server.web",
                arguments,
                environment=environment,
                pass_fds=passed,
            )
        finally:
            os.close(theirs)
        self._serves: bool | None = None

    def serves(self, *, within: float) -> bool | None:
        """Whether it does; None when that is not known after `within` seconds."""
        if self._serves is None and select.select([self._ready], [], [], within)[0]:
            # The end of the pipe without a byte in it: the process is gone.
            self._serves = bool(self._ready.read(1))
            self._ready.close()
        return self._serves

    def end(self, *, grace: float) -> None:
        super().end(grace=grace)
        self._ready.close()
        if self._seat is not None:
            self._seat.free()
            self._seat = None

    def leave(self) -> None:
        """Lets it finish its streams and end, since another process has taken over."""
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGHUP)
