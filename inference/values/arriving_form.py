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

    def with_model(self, model: str) -> FormBody:
        """What is sent to a candidate."""
        ...

    def when_complete(self, call: Callable[[], object]) -> None:
        """At once where it is complete."""
