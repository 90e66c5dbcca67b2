"""Counting of requests: added up on the event loop, told by the recorder's thread."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

from governance.interactions.record import InteractionRecord


class Counts(Protocol):
    """What is counted of records, one after the other, on one event loop."""

    def add(self, record: InteractionRecord) -> None: ...


C = TypeVar("C", bound=Counts)


class Counting(Protocol, Generic[C]):
    """Who wants to know of counts. All but `begin` is called from the recorder's thread alone."""

    def begin(self) -> C:
        """Counts of nothing yet."""

    def take(self, counts: C) -> Iterator[None]:
        """Takes note of finished counts, in steps of some microseconds."""

    def flush(self) -> None:
        """Called at every look of the thread."""


class _Nothing:
    def add(self, record: InteractionRecord) -> None:
        pass


class Uncounted:
    """Where nobody counts."""

    def begin(self) -> _Nothing:
        return _NOTHING

    def take(self, counts: _Nothing) -> Iterator[None]:
        return iter(())

    def flush(self) -> None:
        pass


_NOTHING = _Nothing()
