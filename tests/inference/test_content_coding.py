"""Compressed bodies: whole, in pieces, broken, and far larger than they look."""

from __future__ import annotations

import gzip
import sys
import time
import zlib
from collections.abc import Callable

import brotli
import pytest

from inference.content_coding import (
    MOST_PARTS,
    PIECE,
    BrokenCoding,
    ContentDecoder,
    TooMuchDecoded,
    UnknownCoding,
    coding_of,
    decoded,
)
from tests.support.timing import allowed

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TEXT = b"The quick brown fox. " * 40_000


def bare(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


PACKED = {
    "gzip": ("gzip", gzip.compress(TEXT)),
    "two members": ("gzip", gzip.compress(TEXT[:99]) + gzip.compress(TEXT[99:])),
    "zlib": ("deflate", zlib.compress(TEXT)),
    "bare": ("deflate", bare(TEXT)),
    "zstd": ("zstd", zstd.compress(TEXT)),
    "two frames": ("zstd", zstd.compress(TEXT[:99]) + zstd.compress(TEXT[99:])),
    "br": ("br", brotli.compress(TEXT)),
}
each = pytest.mark.parametrize(("coding", "packed"), PACKED.values(), ids=PACKED.keys())


@each
def test_it_works(coding: str, packed: bytes) -> None:
    assert decoded(packed, coding, len(TEXT)) == TEXT


@each
@pytest.mark.parametrize("step", [1, 7, 4096])
def test_in_pieces(coding: str, packed: bytes, step: int) -> None:
    decoder = ContentDecoder(coding)
    out = b""
    for start in range(0, len(packed), step):
        out += decoder.decode(packed[start : start + step])
        while not decoder.waits:
            out += decoder.decode()
    decoder.end()
    assert out == TEXT


@each
def test_what_is_broken_is_named(coding: str, packed: bytes) -> None:
    for broken in (packed[:-3], packed[:1], packed + b"more", b"{}", b"no such thing" * 9):
        with pytest.raises(BrokenCoding, match=coding):
            decoded(broken, coding, 1 << 24)


@each
def test_the_limit_counts_what_comes_out(coding: str, packed: bytes) -> None:
    with pytest.raises(TooMuchDecoded):
        decoded(packed, coding, len(TEXT) - 1)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd", "br"])
def test_a_bomb_comes_out_in_small_pieces(coding: str) -> None:
    zeros = bytes(1 << 26)
    pack = {"gzip": gzip.compress, "deflate": zlib.compress, "zstd": zstd.compress}
    packed = pack.get(coding, brotli.compress)(zeros)
    assert len(packed) < 1 << 17
    decoder = ContentDecoder(coding)
    assert len(decoder.decode(packed)) <= 2 * PIECE
    assert not decoder.waits
    with pytest.raises(TooMuchDecoded):
        decoded(packed, coding, 1 << 20)


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_body_of_many_parts_takes_time_by_its_length(coding: str) -> None:
    """Each part costs what it is long, not what lies behind it; and they come to an end."""
    packs: dict[str, Callable[[bytes], bytes]]
    packs = {"gzip": gzip.compress, "zstd": zstd.compress}
    pack = packs[coding]
    assert decoded(pack(b"x") * 10_000, coding, 1 << 20) == b"x" * 10_000
    began = time.process_time()
    with pytest.raises(BrokenCoding, match=f"{MOST_PARTS:,}"):
        decoded(pack(b"") * (MOST_PARTS + 1), coding, 1 << 20)
    assert time.process_time() - began < allowed(2.0)


def test_a_zstd_frame_cannot_ask_for_any_memory() -> None:
    window = {zstd.CompressionParameter.window_log: 27}
    packed = zstd.compress(bytes(1 << 27), options=window)
    with pytest.raises(BrokenCoding):
        decoded(packed, "zstd", 1 << 28)


def test_names() -> None:
    assert coding_of(None) == coding_of(b"") == coding_of(b"identity") == ""
    assert coding_of(b" GZip ") == "gzip"
    assert coding_of(b"identity, zstd") == "zstd"
    for unknown in (b"compress", b"gzip, zstd", b"\xff"):
        with pytest.raises(UnknownCoding):
            coding_of(unknown)
