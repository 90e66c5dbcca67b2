"""A multipart form that is read, and sent on, while it arrives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from inference.values.failures import Failure


class FormBodyReader(Protocol):
    """As `inference.upstream` has it."""

    def take(self) -> bytes | None: ...

    def close(self) -> None: ...


class FormBody(Protocol):
    """What a candidate is sent of a form; as `inference.upstream.StreamedBody`."""

    @property
    def length(self) -> int | None: ...

    def open(self, wake: Callable[[], object]) -> FormBodyReader: ...


class ArrivingForm(Protocol):
    """Kept until its request ends, so that another candidate can be sent it from its beginning."""

    complete: bool
    """Nothing more comes of it."""
    failure: Failure | None
    """Why the rest of it does not come."""

    @property
    def fields(self) -> Mapping[str, bytes | None]:
        """Those that have come, by name; None stands for a file's contents."""
        ...

    def first_line(self) -> bytes | None:
        """Of its file, without its line break; None while it has not come."""
        ...

    def sent(
        self, model: str | None, lines: Callable[[], Callable[[bytes], bytes]] | None = None
    ) -> FormBody:
        """What is sent to a candidate: for this `model` (None: with none), and each line of the
        file as what `lines` gives makes it, anew for every reading."""
        ...

    def when_complete(self, call: Callable[[], object]) -> None:
        """At once where it is complete."""
