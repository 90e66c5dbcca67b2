"""Server-sent events, as far as the engine touches them: it never looks inside an event."""

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]


_BLANK = (b"\n\n", b"\r\n\r\n")


def comment(text: str) -> bytes:
    """A line every client skips; it keeps a silent connection from being given up."""
    return b": " + text.encode() + b"\n\n"


def event(body: bytes) -> bytes:
    """One event whose data is JSON without raw line breaks."""
    return b"data: " + body + b"\n\n"


class WholeEvents:
    """Hands on complete events at once and holds back only the beginning of an unfinished one.

    When a worker dies in the middle of an event, what was relayed so far is a well-formed stream
    and an error event can follow it.
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> bytes:
        """What may be sent on: everything up to the last blank line."""
        data = self._rest + data if self._rest else data
        ends = [at + len(mark) for mark in _BLANK if (at := data.rfind(mark)) >= 0]
        end = max(ends, default=0)
        self._rest = data[end:]
        return data[:end]

    def rest(self) -> bytes:
        """What a stream that ended properly still owes its reader."""
        return self._rest
