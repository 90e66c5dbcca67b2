"""A multipart form on its way through: read as it arrives, sent on as it is read.

All of it is kept until its request ends, so that a candidate that fails costs nothing but time:
the next one is sent the form from its beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from inference.edge.spool import Spool
from inference.translate.form_scanner import MODEL, PROFILE, FormEdit, FormPart, FormScanner
from inference.values.failures import AttemptFailed, Failure, Outcome

SLICE: Final = 256 * 1024
LONGEST_LINE: Final = 8 * 1024 * 1024
"""Bytes of a file that is read by lines."""
_LONG_LINE: Final = Failure(
    Outcome.CALLERS_FAULT,
    "invalid_request",
    f"`file`: a line is longer than {LONGEST_LINE // 1024**2} MiB.",
    400,
    field="file",
)
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

    def first_line(self) -> bytes | None:
        if (file := self.file) is None:
            return None
        begin, end = file.value, file.end or self.form.decided
        line, ends, _ = self.spool.read(begin, min(end, begin + LONGEST_LINE)).partition(b"\n")
        whole = ends or file.end or self.complete or end - begin > LONGEST_LINE
        return line if whole else None

    @property
    def file(self) -> FormPart | None:
        """The first file of it; its end is 0 while it is not known."""
        whole = next((part for part in self.form.parts if part.is_file), None)
        return whole or self.form.file

    def sent(
        self, model: str | None, lines: Callable[[], Callable[[bytes], bytes]] | None = None
    ) -> SentForm:
        return SentForm(self, self.form.edits(model), lines)

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


class SentForm:
    """What one candidate is sent of a form."""

    def __init__(
        self,
        upload: Upload,
        edits: list[FormEdit],
        lines: Callable[[], Callable[[bytes], bytes]] | None,
    ) -> None:
        self._upload = upload
        self._edits = edits
        self._lines = lines

    @property
    def length(self) -> int | None:
        own = self._upload.length
        if own is None or self._lines is not None:
            return None
        return own + sum(len(new) - (end - start) for start, end, new in self._edits)

    def open(self, wake: Callable[[], object]) -> FormReader:
        reader = FormReader(self._upload, self._edits, self._lines() if self._lines else None)
        self._upload.watch(reader, wake)
        return reader


class FormReader:
    """Reads it once, as far as it has come."""

    def __init__(
        self, upload: Upload, edits: list[FormEdit], line: Callable[[bytes], bytes] | None
    ) -> None:
        """`line` makes a line of the file another one."""
        self._upload = upload
        self._edits = list(reversed(edits))
        self._line = line
        self._rest = b""
        """Of a line whose end has not come."""
        self._at = 0

    def take(self) -> bytes | None:
        """Raises `AttemptFailed` where the rest does not come, or makes no sense."""
        upload = self._upload
        if upload.failure is not None:
            raise AttemptFailed(upload.failure)
        while True:
            if self._edits and self._edits[-1].start <= self._at:
                edit = self._edits.pop()
                self._at, out = edit.end, edit.new
            elif self._rest_is_due():
                out = self._lines(b"")
            elif (end := self._next()) > self._at:
                data, within = upload.spool.read(self._at, end), self._is_within_file()
                self._at = end
                out = self._lines(data) if within else data
            else:
                return b"" if upload.complete else None
            if out:
                return out

    def close(self) -> None:
        self._upload.forget(self)

    def _next(self) -> int:
        """Up to where may be read at once."""
        ends = [self._upload.form.decided, self._at + SLICE]
        ends += [edit.start for edit in self._edits[-1:]]
        file = self._upload.file if self._line is not None else None
        if file is not None:
            ends += [place for place in (file.value, file.end) if place > self._at]
        return min(ends)

    def _is_within_file(self) -> bool:
        file = self._upload.file
        if self._line is None or file is None:
            return False
        return file.value <= self._at and (not file.end or self._at < file.end)

    def _rest_is_due(self) -> bool:
        """The file has ended with a line that has no break."""
        file = self._upload.file
        return bool(self._rest) and file is not None and file.end == self._at

    def _lines(self, data: bytes) -> bytes:
        assert self._line is not None
        file = self._upload.file
        *whole, self._rest = (self._rest + data).split(b"\n")
        out = b"".join(self._line(line) + b"\n" for line in whole)
        if file is not None and file.end == self._at and self._rest:
            rest, self._rest = self._rest, b""
            out += self._line(rest)
        if len(self._rest) > LONGEST_LINE:
            raise AttemptFailed(_LONG_LINE)
        return out
