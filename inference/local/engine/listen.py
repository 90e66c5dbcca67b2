"""The engine's own socket: private, taken by one engine at a time, and replaced when stale."""

import fcntl
import os
import shutil
import socket
import stat
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO

from governance.socket_path import make_folder

_BACKLOG = 2048
# sun_path holds 108 bytes on Linux and 104 on a Mac, the closing zero included.
_PATH_LIMIT = 107 if sys.platform == "linux" else 103


class CannotListen(Exception):
    """The message is one sentence for the person who started the engine."""


class Listener:
    """Holds a lock beside the socket for as long as the engine lives.

    The kernel drops the lock however the engine ends, so a socket without one is stale. The lock
    file names the folder of the workers' sockets, which a killed engine leaves behind.
    """

    def __init__(self, path: Path) -> None:
        """Raises CannotListen."""
        self.path = path
        if len(os.fsencode(path)) > _PATH_LIMIT:
            raise CannotListen(
                f"The socket path is longer than {_PATH_LIMIT} bytes, which no Unix socket may be:"
                f" {path}"
            )
        try:
            make_folder(path.parent, of_the_system=True)
            self._lock = self._take_lock()
            self.socket = self._bind()
            self.worker_dir = self._make_worker_dir()
        except OSError as error:
            raise CannotListen(f"Cannot listen on {path}: {error.strerror or error}.") from error

    def close(self) -> None:
        """Remove the socket and the folder; the lock file stays, without its lock."""
        self.path.unlink(missing_ok=True)
        self.socket.close()
        shutil.rmtree(self.worker_dir, ignore_errors=True)
        self._lock.close()

    def _take_lock(self) -> BinaryIO:
        lock = open(f"{self.path}.lock", "a+b", opener=_private)  # noqa: SIM115 (held on purpose)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise CannotListen(f"Another engine already serves {self.path}.") from None
        return lock

    def _bind(self) -> socket.socket:
        if self.path.exists() or self.path.is_symlink():
            if not stat.S_ISSOCK(self.path.lstat().st_mode):
                raise CannotListen(f"{self.path} exists and is not a socket.")
            self.path.unlink()
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            listening.bind(str(self.path))
        finally:
            os.umask(before)
        listening.listen(_BACKLOG)
        listening.setblocking(False)
        return listening

    def _make_worker_dir(self) -> Path:
        self._lock.seek(0)
        left_behind = self._lock.read().decode(errors="replace")
        if Path(left_behind).name.startswith(_PREFIX):
            shutil.rmtree(left_behind, ignore_errors=True)
        self._lock.truncate(0)
        made = make_worker_dir()
        self._lock.write(os.fsencode(made))
        self._lock.flush()
        return made


_PREFIX = "pointsman-"


def make_worker_dir() -> Path:
    """A folder only its owner may enter, with a path short enough for a socket in it."""
    where = tempfile.gettempdir()
    if len(os.fsencode(where)) > _PATH_LIMIT - 40:
        where = "/tmp"  # noqa: S108 (mkdtemp makes a private folder in it)
    return Path(tempfile.mkdtemp(prefix=_PREFIX, dir=where))


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
