"""Content codings (RFC 9110, section 8.4): compressed bodies of callers and of upstreams.

A decoder gives out a bounded piece at a time, so that a few kilobytes which unpack to gigabytes (a
decompression bomb) cost no more memory than their reader takes.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable
from typing import Final, Protocol

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PIECE: Final = 256 * 1024
"""Bytes that are decoded at a time."""
STEP: Final = 16 * 1024
"""Coded bytes that a decoder is given at a time: where a part of a body ends it copies the rest."""
MOST_PARTS: Final = 16_384
"""Members or frames of one body. Those that hold nothing take time, and no limit on decoded bytes
would ever end them."""
_GZIP_BITS: Final = 16 + zlib.MAX_WBITS
_ZSTD: Final[dict[int, int]] = {zstd.DecompressionParameter.window_log_max: 25}
"""32 MiB of memory that a frame may ask for; RFC 8878 wants 8 to be supported."""
_ERRORS: Final = (zlib.error, zstd.ZstdError, brotli.error)


class UnknownCoding(Exception):
    """A coding that this service does not know; its words stand in the message."""


class BrokenCoding(Exception):
    """The bytes are not what their coding says; the message is a sentence."""


class TooMuchDecoded(Exception):
    """The decoded bytes are over the limit."""


class Decoder(Protocol):
    """One body on its way out of its coding."""

    @property
    def waits(self) -> bool:
        """Nothing is to be had before more of the coded bytes is given."""
        ...

    @property
    def ended(self) -> bool:
        """What was given is whole."""
        ...

    def decode(self, data: bytes) -> bytes:
        """At most `PIECE` bytes, of `data` and of what was given before."""
        ...


class _Zlib:
    """Gzip with its members (RFC 1952), and deflate."""

    def __init__(self, bits: int | None) -> None:
        """Without `bits` the first bytes decide: deflate is zlib's format (RFC 1950), and some
        send the bare compressed data (RFC 1951) instead."""
        self._bits = bits
        self._inner = zlib.decompressobj(bits) if bits is not None else None
        self._rest = b""
        self._full = False
        self._parts = 1

    @property
    def waits(self) -> bool:
        # What fills a piece may have more behind it in zlib's own buffer.
        return self._inner is None or not (self._rest or self._full)

    @property
    def ended(self) -> bool:
        return self._inner is not None and self._inner.eof and not self._rest

    def decode(self, data: bytes) -> bytes:
        data = self._rest + data
        if self._inner is None:
            if len(data) < 2:
                self._rest = data
                return b""
            wrapped = data[0] & 15 == 8 and int.from_bytes(data[:2], "big") % 31 == 0
            self._inner = zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)
        if self._inner.eof and data:
            if self._bits is None:
                raise zlib.error("there is more behind its end")
            self._parts += 1
            if self._parts > MOST_PARTS:
                raise zlib.error(f"it has more than {MOST_PARTS:,} members")
            self._inner = zlib.decompressobj(self._bits)
        out = self._inner.decompress(data, PIECE)
        self._rest = self._inner.unconsumed_tail or self._inner.unused_data
        self._full = len(out) == PIECE
        return out


class _Zstd:
    """Zstandard, of one frame behind the other (RFC 8878)."""

    def __init__(self) -> None:
        self._inner = zstd.ZstdDecompressor(options=_ZSTD)
        self._parts = 1

    @property
    def waits(self) -> bool:
        return not self._inner.unused_data if self._inner.eof else self._inner.needs_input

    @property
    def ended(self) -> bool:
        return self._inner.eof and not self._inner.unused_data

    def decode(self, data: bytes) -> bytes:
        if self._inner.eof:
            data = self._inner.unused_data + data
            if not data:
                return b""
            self._parts += 1
            if self._parts > MOST_PARTS:
                raise zstd.ZstdError(f"it has more than {MOST_PARTS:,} frames")
            self._inner = zstd.ZstdDecompressor(options=_ZSTD)
        return self._inner.decompress(data, PIECE)


class _Brotli:
    """Brotli (RFC 7932). Its pieces may be twice as long."""

    def __init__(self) -> None:
        self._inner = brotli.Decompressor()
        self._full = False

    @property
    def waits(self) -> bool:
        return not self._full

    @property
    def ended(self) -> bool:
        return bool(self._inner.is_finished()) and not self._full

    def decode(self, data: bytes) -> bytes:
        if not data and not self._full:
            return b""
        out: bytes = self._inner.process(data, output_buffer_limit=PIECE)
        self._full = len(out) >= PIECE
        return out


_DECODERS: Final[dict[str, Callable[[], Decoder]]] = {
    "zstd": _Zstd,
    "gzip": lambda: _Zlib(_GZIP_BITS),
    "deflate": lambda: _Zlib(None),
    "br": _Brotli,
    # An old name, which recipients take for the same (RFC 9110, section 8.4.1.3).
    "x-gzip": lambda: _Zlib(_GZIP_BITS),
}
ACCEPTED: Final = "zstd, gzip, deflate, br"
"""What is decoded, as the header `accept-encoding` names it."""


def coding_of(content_encoding: bytes | None) -> str:
    """The coding that a `content-encoding` header names, empty for none.

    Raises `UnknownCoding`, also for more than one coding on top of another.
    """
    if not content_encoding:
        return ""
    named = content_encoding.decode("latin-1").lower().replace(",", " ").split()
    codings = [coding for coding in named if coding != "identity"]
    if not codings:
        return ""
    if len(codings) > 1 or codings[0] not in _DECODERS:
        raise UnknownCoding(", ".join(codings)[:64])
    return codings[0]


class ContentDecoder:
    """Decodes a body as it arrives."""

    __slots__ = ("_decoder", "_given", "_left", "coding")

    def __init__(self, coding: str) -> None:
        self.coding = coding
        self._decoder = _DECODERS[coding]()
        self._given = False
        self._left = memoryview(b"")
        """What was given and the decoder has not seen."""

    @property
    def waits(self) -> bool:
        """Nothing is to be had before more is given."""
        return not self._left and self._decoder.waits

    def decode(self, data: bytes = b"") -> bytes:
        """A piece of what `data` and all before it mean. Raises `BrokenCoding`."""
        if data:
            self._given = True
            self._left = memoryview(bytes(self._left) + data if self._left else data)
        step = b""
        if self._decoder.waits:
            step, self._left = bytes(self._left[:STEP]), self._left[STEP:]
        try:
            return self._decoder.decode(step)
        except _ERRORS as error:
            raise BrokenCoding(f"The body is no valid {self.coding}: {error}.") from None

    def end(self) -> None:
        """Nothing more comes. Raises `BrokenCoding` where something is missing."""
        if self._given and (self._left or not self._decoder.ended):
            raise BrokenCoding(f"The body is no whole {self.coding}: its end is missing.")


def decoded(body: bytes, coding: str, limit: int) -> bytes:
    """The whole body out of its coding.

    Raises `BrokenCoding`, and `TooMuchDecoded` for more than `limit` bytes.
    """
    decoder = ContentDecoder(coding)
    parts = [decoder.decode(body)]
    size = len(parts[0])
    while not decoder.waits:
        if size > limit:
            raise TooMuchDecoded
        part = decoder.decode()
        size += len(part)
        parts.append(part)
    if size > limit:
        raise TooMuchDecoded
    decoder.end()
    return b"".join(parts)
