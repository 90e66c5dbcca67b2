"""AWS's event stream: binary frames with two checksums each.

Source: "Event stream encoding" in the Smithy specification of `application/vnd.amazon.eventstream`.
A frame is its length, the length of its headers, a CRC of both; headers, payload, a CRC of all.
"""

from __future__ import annotations

import struct
import zlib
from typing import Final, NamedTuple

MEDIA_TYPE: Final = "application/vnd.amazon.eventstream"
LONGEST: Final = 16 * 1024 * 1024
"""Bytes of a frame. Source: the same, "total length"."""
_PRELUDE: Final = struct.Struct(">III")
_LEAST: Final = 16
"""Bytes of a frame with neither headers nor payload."""
_FIXED: Final = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Bytes of the values of a type; the two that are missing say their length."""
_TEXT: Final = 7
_SIZED: Final = (6, _TEXT)


class BrokenFrame(Exception):
    """The bytes are no frames; the message is a sentence."""


class Frame(NamedTuple):
    headers: dict[str, str]
    """Those that are text."""
    payload: bytes


class FrameDecoder:
    """Takes bytes however they are cut, and gives frames."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def pending(self) -> bool:
        """A frame has begun."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[Frame]:
        """Every frame that is whole by now. Raises `BrokenFrame`, where frames before the broken
        one are whole with the next bytes."""
        buffer = self._buffer
        buffer += data
        frames: list[Frame] = []
        start = 0
        try:
            while len(buffer) - start >= _PRELUDE.size:
                total, headers = _prelude(buffer, start)
                if len(buffer) - start < total:
                    break
                frames.append(_frame(bytes(buffer[start : start + total]), headers))
                start += total
        except BrokenFrame:
            if not frames:
                raise
        del buffer[:start]
        return frames


def _prelude(buffer: bytearray, start: int) -> tuple[int, int]:
    """The lengths of a frame and of its headers."""
    total, headers, checksum = _PRELUDE.unpack_from(buffer, start)
    if zlib.crc32(buffer[start : start + 8]) != checksum:
        raise BrokenFrame("The checksum of a frame's beginning does not match.")
    if not _LEAST + headers <= total <= LONGEST:
        raise BrokenFrame("A frame's length is not possible.")
    return total, headers


def _frame(data: bytes, headers: int) -> Frame:
    (checksum,) = struct.unpack_from(">I", data, len(data) - 4)
    if zlib.crc32(data[:-4]) != checksum:
        raise BrokenFrame("The checksum of a frame does not match.")
    begin = _PRELUDE.size
    try:
        return Frame(_headers(data[begin : begin + headers]), data[begin + headers : -4])
    except (IndexError, struct.error, UnicodeDecodeError, KeyError):
        raise BrokenFrame("A frame's headers cannot be read.") from None


def _headers(data: bytes) -> dict[str, str]:
    found = {}
    at = 0
    while at < len(data):
        length = data[at]
        name = data[at + 1 : at + 1 + length].decode()
        at += 1 + length
        kind = data[at]
        at += 1
        if kind in _SIZED:
            (size,) = struct.unpack_from(">H", data, at)
            at += 2
        else:
            size = _FIXED[kind]
        if at + size > len(data):
            raise IndexError
        if kind == _TEXT:
            found[name] = data[at : at + size].decode()
        at += size
    return found
