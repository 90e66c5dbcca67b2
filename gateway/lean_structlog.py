"""structlog without what it would only bring along.

It imports rich and Twisted wherever they are installed: a quarter of what a process of this service
takes to start, for tracebacks in colour and a kind of logging that nobody here uses. To be imported
before structlog is.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Final, cast

_UNUSED: Final = ("rich", "twisted")


@contextmanager
def _as_if_missing(names: tuple[str, ...]) -> Iterator[None]:
    """None in place of a module makes its import an ImportError, as Python's reference has it."""
    hidden = [name for name in names if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = cast(ModuleType, None)
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


with _as_if_missing(_UNUSED):
    import structlog  # noqa: F401
