"""Unix sockets whose path the system can bind, wherever the data directory is."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Final

LIMIT: Final = 100
"""Bytes; the system allows 104 (macOS) or 108 (Linux) with the terminating zero."""


def bindable(wanted: Path) -> Path:
    """`wanted`, or a short path that both sides derive from it when the system could not bind it.

    In a directory of this user's alone.
    """
    if len(os.fsencode(wanted)) <= LIMIT:
        return wanted
    mark = hashlib.sha256(os.fsencode(wanted)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"pointsman-{os.geteuid()}-{mark}" / wanted.name


def make_folder(folder: Path, *, of_the_system: bool = False) -> None:
    """Where a socket is to lie. Raises `PermissionError` where another user was there first, who
    would hear what is said: anybody can tell the name of a short path.

    `of_the_system`: an operator may have chosen a folder that is root's, such as /run or /tmp.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    owners = {os.geteuid(), 0} if of_the_system else {os.geteuid()}
    if folder.stat().st_uid not in owners:
        raise PermissionError(f"{folder} belongs to somebody else.")
