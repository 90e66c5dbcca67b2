"""A multipart form on its way through: read as it arrives, sent on as it is read.

All of it is kept until its request ends, so that a candidate that fails costs nothing but time:
the next one is sent the form from its beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from inference.edge.spool import Spool
from inference.translate.form_scanner import MODEL, PROFILE, FormEdit, FormScanner
from inference.values.failures import AttemptFailed, Failure, Outcome

SLICE: Final = 256 * 1024
_NO_ROOM: Final = Failure(
    Outcome.CALLERS_FAULT, "no_room", "There is no room on this machine's disk for the form.", 503
)
_NO_END: Final = Failure(
    Outcome.CALLERS_FAULT,
    "invalid_request",
    "The form has no end: its last boundary is missing.",
    400,
)


class Upload:
    """The form. `feed` and `finish` are for whoever receives it."""

    def __init__(self, boundary: bytes, announced: int, spool: Spool) -> None:
        """`announced` is its length in bytes; 0: not told."""
        self.form = FormScanner(boundary)
        self.spool = spool
        self.complete = False
        self.failure: Failure | None = None
        """Why the rest of it does not come."""
        self._announced = announced
        self._settled = 0
        """Parts that were known when the request was read; later ones must not change its way."""
        self._wakes: dict[object, Callable[[], object]] = {}
        self._calls: list[Callable[[], object]] = []

    @property
    def fields(self) -> Mapping[str, bytes | None]:
        return self.form.fields

    @property
    def length(self) -> int | None:
        if self.complete:
            return self.spool.size
        return self._announced or None

    def feed(self, data: bytes) -> None:
        try:
            self.spool.add(data)
        except OSError:
            self.fail(_NO_ROOM)
            return
        self.form.feed(data)
        if self.form.broken:
            self.fail(_NO_END)
        elif self._settled:
            self._check()
        self._wake()

    def finish(self) -> None:
        """All of it is here."""
        if self.failure is None:
            self.form.feed(b"", last=True)
            if self.form.broken:
                self.fail(_NO_END)
        self._completed()

    def fail(self, failure: Failure) -> None:
        """Nothing more comes of it that makes sense. The first reason stays."""
        if self.failure is None and not self.complete:
            self.failure = failure
            self._completed()

    def settle(self) -> None:
        """The request is read: where it goes depends on nothing that may still come."""
        self._settled = len(self.form.parts) if not self.complete else 0

    def when_complete(self, call: Callable[[], object]) -> None:
        if self.complete:
            call()
        else:
            self._calls.append(call)

    def with_model(self, model: str) -> FormForModel:
        return FormForModel(self, self.form.edits(model))

    def watch(self, reader: object, wake: Callable[[], object]) -> None:
        self._wakes[reader] = wake

    def forget(self, reader: object) -> None:
        self._wakes.pop(reader, None)

    def _check(self) -> None:
        for part in self.form.parts[self._settled :]:
            if part.name in (MODEL, PROFILE):
                message = f"`{part.name}` must stand before the file, or the file before it once."
                self.fail(Failure(Outcome.CALLERS_FAULT, "late_field", message, 400,
                                  field=part.name))  # fmt: skip
        self._settled = max(self._settled, len(self.form.parts))

    def _completed(self) -> None:
        self.complete = True
        calls, self._calls = self._calls, []
        for call in calls:
            call()
        self._wake()

    def _wake(self) -> None:
        for wake in list(self._wakes.values()):
            wake()


class FormForModel:
    """What one candidate is sent of a form."""

    def __init__(self, upload: Upload, edits: list[FormEdit]) -> None:
        self._upload = upload
        self._edits = edits

    @property
    def length(self) -> int | None:
        own = self._upload.length
        if own is None:
            return None
        return own + sum(len(new) - (end - start) for start, end, new in self._edits)

    def open(self, wake: Callable[[], object]) -> FormReader:
        reader = FormReader(self._upload, self._edits)
        self._upload.watch(reader, wake)
        return reader


class FormReader:
    """Reads it once, as far as it has come."""

    def __init__(self, upload: Upload, edits: list[FormEdit]) -> None:
        self._upload = upload
        self._edits = list(reversed(edits))
        self._at = 0

    def take(self) -> bytes | None:
        """Raises `AttemptFailed` where the rest does not come."""
        upload = self._upload
        if upload.failure is not None:
            raise AttemptFailed(upload.failure)
        while self._edits and self._edits[-1].start <= self._at:
            edit = self._edits.pop()
            self._at = edit.end
            if edit.new:
                return edit.new
        end = min(upload.form.decided, self._at + SLICE)
        if self._edits:
            end = min(end, self._edits[-1].start)
        if end > self._at:
            data = upload.spool.read(self._at, end)
            self._at = end
            return data
        return b"" if upload.complete else None

    def close(self) -> None:
        self._upload.forget(self)
