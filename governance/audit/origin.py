"""Where a change comes from: set once by whoever receives it, read by whoever records it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

COMMAND_LINE: Final = "command line"


def _command_line() -> str:
    return COMMAND_LINE


@dataclass(frozen=True, slots=True)
class Origin:
    """A request or a command."""

    via: str = "command"
    """One of `models.audit_entry.VIA`."""
    address: str = ""
    """IP address of the caller; empty for commands."""
    actor: Callable[[], str] = _command_line
    """Who it is; asked when something is recorded, since requests sign in on their way."""


_CURRENT: Final[ContextVar[Origin]] = ContextVar("origin", default=Origin())  # noqa: B039  # frozen


def current() -> Origin:
    """Where the code that runs now was called from; the command line if nobody said."""
    return _CURRENT.get()


@contextmanager
def came_from(origin: Origin) -> Iterator[None]:
    """What is recorded meanwhile came from there."""
    token = _CURRENT.set(origin)
    try:
        yield
    finally:
        _CURRENT.reset(token)
