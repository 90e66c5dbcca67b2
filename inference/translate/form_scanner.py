"""Multipart forms, read as they arrive: which fields there are and where they stand.

Sources: RFC 7578; RFC 2046, section 5.1.1.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_BOUNDARY: Final = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
_DISPOSITION: Final = re.compile(rb"content-disposition:([^\r\n]*)", re.IGNORECASE)
_NAME: Final = re.compile(rb';[ \t]*name=(?:"([^"]*)"|([^";\s]+))', re.IGNORECASE)
_FILE_NAME: Final = re.compile(rb";[ \t]*filename\*?=", re.IGNORECASE)
_BORDER_END: Final = re.compile(rb"(--)?[ \t]*\r\n")
_LAST_BORDER_END: Final = re.compile(rb"(--)?[ \t]*(?:\r\n|\Z)")
_UNDECIDED: Final = re.compile(rb"-?-?[ \t]*\r?\Z")
MODEL: Final = "model"
PROFILE: Final = "routing_profile"
_BREAK: Final = b"\r\n"
LONGEST_FIELD: Final = 256 * 1024
"""Bytes of a form's field that is no file; more is not looked at."""
LONGEST_HEAD: Final = 64 * 1024
"""Bytes of the headers of a part."""


class FormPart(NamedTuple):
    """Where a part of a form stands in its body. `name` is empty where it has none."""

    start: int
    """Of the boundary before it, its line break included."""
    value: int
    end: int
    name: str
    is_file: bool


def boundary_of(content_type: str) -> bytes | None:
    """The line between the parts of a multipart body."""
    match = _BOUNDARY.search(content_type)
    return b"--" + match[1].strip().encode("latin-1") if match is not None else None


class FormEdit(NamedTuple):
    """What stands in the place of some bytes of a body."""

    start: int
    end: int
    new: bytes


class FormScanner:
    """Fed with a body cut at any byte. Of a file nothing is kept but where it stands."""

    def __init__(self, boundary: bytes) -> None:
        self.fields: dict[str, bytes | None] = {}
        """By name; None stands for a file's contents. Of a name that comes several times the first
        counts."""
        self.parts: list[FormPart] = []
        """Those that are whole."""
        self.file: FormPart | None = None
        """The file that is being read; where it ends is not known yet."""
        self.first = 0
        """Where the first boundary begins, without the line break before it."""
        self.finished = False
        """The form's last boundary was read."""
        self.broken = False
        self.decided = 0
        """Bytes of the body before which nothing can mean anything else any more."""
        self._line = b"\r\n" + boundary
        self._buffer = b""
        self._open: FormPart | None = None
        """The part whose value is being read."""
        self._start = -1
        """Of the part whose head is being read."""
        self._skips = False
        """The value is not kept."""

    def feed(self, data: bytes, *, last: bool = False) -> None:
        """`last`: nothing follows."""
        self._buffer += data
        while not (self.finished or self.broken) and self._step(last):
            pass
        if self.finished:
            self.decided += len(self._buffer)
            self._buffer = b""
        elif last:
            self.broken = True

    def _step(self, last: bool) -> bool:
        """Whether something was found, so that more may be."""
        if self._start >= 0:
            return self._read_head()
        first = not self.parts and self._open is None and not self.decided
        if first and len(self._buffer) < len(self._line) and not last:
            return False
        if first and self._buffer.startswith(self._line[2:]):
            return self._ends_border(0, len(self._line) - 2, last)
        return self._find_border(last)

    def _find_border(self, last: bool) -> bool:
        """The next boundary's line. One that only begins like a boundary is part of a value."""
        line, at = self._line, 0
        while (found := self._buffer.find(line, at)) >= 0:
            end = found + len(line)
            if (_LAST_BORDER_END if last else _BORDER_END).match(self._buffer, end):
                return self._ends_border(found, end, last)
            if not last and _UNDECIDED.match(self._buffer, end) and len(self._buffer) - end < 1024:
                self._drop(found)
                return False
            at = found + 2
        self._drop(max(0, len(self._buffer) - len(line) + 1))
        return False

    def _ends_border(self, found: int, end: int, last: bool) -> bool:
        match = (_LAST_BORDER_END if last else _BORDER_END).match(self._buffer, end)
        if match is None:
            undecided = not last and _UNDECIDED.match(self._buffer, end) is not None
            self.broken = not undecided
            return False
        start = self.decided + found
        if self._open is not None:
            self._close(start, self._buffer[:found])
        if not self.parts:
            self.first = self.decided + end - len(self._line) + 2
        if match[1]:
            self.finished = True
            self.broken = not self.parts
            return False
        self._start = start
        # The line break stays: a part without headers begins with an empty line.
        self._cut(match.end() - 2)
        return True

    def _read_head(self) -> bool:
        empty = self._buffer.find(b"\r\n\r\n")
        if empty < 0:
            self.broken = len(self._buffer) > LONGEST_HEAD
            return False
        match = _DISPOSITION.search(self._buffer, 0, empty + 2)
        told = match[1] if match is not None else b""
        name = _NAME.search(told)
        self._open = part = FormPart(
            self._start,
            self.decided + empty + 4,
            0,
            (name[1] or name[2] or b"").decode("latin-1") if name is not None else "",
            _FILE_NAME.search(told) is not None,
        )
        self._start, self._skips = -1, part.is_file
        if part.is_file:
            self.file = part
            self.fields.setdefault(part.name, None)
        # An empty value ends with the line break of the head's last line.
        self._cut(empty + 2)
        return True

    def _close(self, end: int, value: bytes) -> None:
        part = self._open
        assert part is not None
        self._open = self.file = None
        part = part._replace(end=max(end, part.value))
        self.parts.append(part)
        whole = not self._skips and part.end - part.value <= LONGEST_FIELD
        # What is kept begins with the line break before the value.
        self.fields.setdefault(part.name, value[2:] if whole else None)

    def _drop(self, size: int) -> None:
        """Of a value that is not kept, `size` bytes of what is here are not needed any more."""
        if self._open is None:
            self._cut(size)
            return
        if not self._skips and len(self._buffer) > LONGEST_FIELD + len(self._line) + 1024:
            self._skips = True
            self.fields.setdefault(self._open.name, None)
        if self._skips:
            self._cut(size)

    def _cut(self, size: int) -> None:
        self.decided += size
        self._buffer = self._buffer[size:]

    def edits(self, model: str | None) -> list[FormEdit]:
        """What makes it a form for this model and without the hint to a routing profile; every
        other byte stays.

        A form that names no model gets one, and every further one it names is replaced as well.
        None: what is asked for has no model.
        """
        told, parts = (model or "").encode(), [*self.parts, *filter(None, [self.file])]
        names = model is None or any(part.name == MODEL for part in parts)
        found: list[FormEdit] = []
        for part in parts:
            # A first boundary may have no line break before it.
            bare = part.start == self.first
            if part.name == PROFILE:
                found.append(FormEdit(part.start, part.end + (2 if bare else 0), b""))
                continue
            if not names:
                names, at = True, part.start if bare else part.start + len(_BREAK)
                head = b'\r\ncontent-disposition: form-data; name="model"\r\n\r\n'
                found.append(FormEdit(at, at, self._line[2:] + head + told + b"\r\n"))
            if part.name == MODEL and model is not None:
                found.append(FormEdit(part.value, part.end, told))
        return found


def scanned(body: bytes, boundary: bytes) -> FormScanner:
    """A form that is here as a whole."""
    scanner = FormScanner(boundary)
    scanner.feed(body, last=True)
    return scanner
