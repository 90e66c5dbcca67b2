"""A write tells the other processes of its node, and waits until their tables have what it wrote.

Every process that follows the table listens at a Unix socket of its own. Whoever wrote asks all of
them to look; each answers with the version it has then. So a key that was just made works at once,
whichever process the next request meets. Processes of other nodes look by themselves.
"""

from __future__ import annotations

import os
import secrets
import selectors
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog
from django.conf import settings

from governance.socket_path import bindable, make_folder

log = structlog.get_logger("pointsman.snapshot")

PATIENCE: Final = 1.0
"""Seconds that a write waits at most, for a process that is frozen or cannot load the table."""
SUFFIX: Final = ".table"
LONGEST: Final = 64
"""Bytes of a message."""


def directory() -> Path:
    """Where the processes of this node listen."""
    return bindable(Path(settings.DATA_DIR) / "run" / "tables" / f"{'0' * 16}{SUFFIX}").parent


class TableListener:
    """A process that can be asked to look. Raises `OSError` where it cannot listen."""

    def __init__(self, where: Path) -> None:
        make_folder(where)
        self._asked: list[str] = []
        self.path, self._socket = _bound(where, SUFFIX)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._socket, selectors.EVENT_READ)

    def wait(self, seconds: float) -> None:
        """Until somebody asks, or so long."""
        if not self._selector.select(seconds):
            return
        with suppress(OSError):
            while True:
                _, asker = self._socket.recvfrom(LONGEST)
                if asker:
                    self._asked.append(asker)

    def answer(self, version: int) -> None:
        """Tells those who asked what this process has now."""
        asked, self._asked = self._asked, []
        for asker in asked:
            with suppress(OSError):
                self._socket.sendto(str(version).encode(), asker)

    def close(self) -> None:
        self._selector.close()
        self._socket.close()
        self.path.unlink(missing_ok=True)


def tell(version: int, where: Path, patience: float = PATIENCE) -> bool:
    """Asks the processes that listen there to look. Whether all had `version` within `patience`."""
    listening = [one for one in _names(where) if one.endswith(SUFFIX)]
    if not listening:
        return True
    path, asking = _bound(where, ".asks")
    try:
        waiting = {one for one in (str(where / name) for name in listening) if _ask(asking, one)}
        return _all_have(version, asking, waiting, time.monotonic() + patience)
    finally:
        asking.close()
        path.unlink(missing_ok=True)


def _names(where: Path) -> list[str]:
    try:
        return os.listdir(where)
    except OSError:
        return []


def _bound(where: Path, suffix: str) -> tuple[Path, socket.socket]:
    """A name longer than a process lives: one that was killed leaves its own behind."""
    path = where / f"{secrets.token_hex(8)}{suffix}"
    made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        made.bind(str(path))
        path.chmod(0o600)
    except OSError:
        made.close()
        raise
    made.setblocking(False)
    return path, made


def _ask(asking: socket.socket, listener: str) -> bool:
    """Whether there is somebody who may answer; what nobody listens at any more is removed."""
    try:
        asking.sendto(b"look", listener)
    except ConnectionRefusedError:
        with suppress(OSError):
            os.unlink(listener)
        return False
    except OSError:
        return False
    return True


def _all_have(version: int, asking: socket.socket, waiting: set[str], until: float) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(asking, selectors.EVENT_READ)
        while waiting and (left := until - time.monotonic()) > 0:
            if not selector.select(left):
                break
            with suppress(BlockingIOError):
                while True:
                    told, listener = asking.recvfrom(LONGEST)
                    if told.isdigit() and int(told) >= version:
                        waiting.discard(listener)
    if waiting:
        log.warning("table_not_taken_up", version=version, processes=len(waiting))
    return not waiting
