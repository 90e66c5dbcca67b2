"""What a worker says on its standard output: one JSON object per line."""

from typing import TypeAlias

import msgspec


class Loading(msgspec.Struct, frozen=True, tag_field="state", tag="loading"):
    """`progress` is a share between 0 and 1."""

    progress: float = 0.0
    step: str = ""


class Ready(msgspec.Struct, frozen=True, tag_field="state", tag="ready"):
    memory_bytes: int
    parameters: int | None = None
    context_length: int | None = None


class Failed(msgspec.Struct, frozen=True, tag_field="state", tag="failed"):
    reason: str


Message: TypeAlias = Loading | Ready | Failed

_decoder: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Loading | Ready | Failed)


def read_message(line: bytes) -> Message | None:
    """None for a line that is no message: libraries print to standard output too."""
    try:
        return _decoder.decode(line)
    except msgspec.MsgspecError:
        return None


class Lines:
    """Bytes as they come in, whole lines out. A line longer than the limit is thrown away."""

    def __init__(self, limit: int = 65_536) -> None:
        self._limit = limit
        self._rest = b""
        self._skipping = False

    def feed(self, data: bytes) -> list[bytes]:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if self._skipping and lines:
            lines = lines[1:]
            self._skipping = False
        if len(self._rest) > self._limit:
            self._rest = b""
            self._skipping = True
        return lines
