"""What takes long with a large body is done on one thread, so that others are answered meanwhile.

Tens of megabytes take tenths of a second to be read and translated, or seconds where they are many
small things. On the event loop everybody would wait for that; on a thread the interpreter changes
over every few milliseconds, and at the latest behind one call into C. Small bodies take less time
than the change of threads would.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

T = TypeVar("T")

LARGE: Final = 1024 * 1024
"""Bytes from which on a body is one."""
_THREAD: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="large-bodies")
"""One for the process: a large body at a time."""


async def apart(function: Callable[..., T], *given: Any) -> T:
    """What the function returns or raises, once all that came before it is done.

    Where the waiting task is cancelled before the function has begun, it is not called.
    """
    return await asyncio.get_running_loop().run_in_executor(_THREAD, function, *given)
