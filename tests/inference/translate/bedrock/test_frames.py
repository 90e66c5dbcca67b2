"""AWS's frames, cut at every byte and broken at every byte, beside botocore's own decoder."""

from __future__ import annotations

import struct
import zlib

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.translate.bedrock.frames import BrokenFrame, Frame, FrameDecoder
from tests.service.clouds.bedrock import frame

TEXTS = st.text(max_size=20)
NAMES = st.text(st.characters(codec="ascii", categories=["L"]), min_size=1, max_size=9)
FRAMES = st.lists(
    st.tuples(st.dictionaries(NAMES, TEXTS, max_size=3), st.binary(max_size=60)), max_size=4
)
ONE = frame({":event-type": "chunk", ":message-type": "event"}, b'{"bytes":"e30="}')


def all_types() -> bytes:
    """A header of every type there is."""
    values = [
        (0, b""), (1, b""), (2, b"\x01"), (3, b"\x00\x01"), (4, bytes(4)), (5, bytes(8)),
        (6, b"\x00\x02ab"), (7, b"\x00\x02ab"), (8, bytes(8)), (9, bytes(16)),
    ]  # fmt: skip
    head = b"".join(b"\x01" + b"abcdefghij"[n : n + 1] + bytes([n]) + v for n, v in values)
    prelude = struct.pack(">II", 16 + len(head), len(head))
    prelude += struct.pack(">I", zlib.crc32(prelude))
    body = prelude + head
    return body + struct.pack(">I", zlib.crc32(body))


@settings(max_examples=40, deadline=None)
@given(frames=FRAMES, size=st.integers(1, 50))
def test_as_botocore_reads_them(frames: list[tuple[dict[str, str], bytes]], size: int) -> None:
    data = b"".join(frame(*one) for one in frames)
    decoder, oracle = FrameDecoder(), EventStreamBuffer()
    found: list[Frame] = []
    for start in range(0, len(data), size):
        found += decoder.feed(data[start : start + size])
    oracle.add_data(data)
    assert not decoder.pending
    assert found == [Frame(one.headers, one.payload) for one in oracle]
    assert found == [Frame(*one) for one in frames]


def test_cut_at_every_byte() -> None:
    data = ONE + all_types() + frame({}, b"")
    for cut in range(len(data) + 1):
        decoder = FrameDecoder()
        found = decoder.feed(data[:cut]) + decoder.feed(data[cut:])
        assert [len(one.payload) for one in found] == [16, 0, 0]
        assert found[1].headers == {"h": "ab"}
        assert not decoder.pending


def test_every_flipped_byte_is_noticed() -> None:
    """Or is waited for, where it is the length that grew; never taken for what was sent."""
    for place in range(len(ONE)):
        data = bytearray(ONE)
        data[place] ^= 0x40
        decoder = FrameDecoder()
        with pytest.raises(BrokenFrame):
            decoder.feed(bytes(data))


def test_what_was_whole_comes_first() -> None:
    decoder = FrameDecoder()
    assert len(decoder.feed(ONE + b"\xff" * 16)) == 1
    with pytest.raises(BrokenFrame):
        decoder.feed(b"")


@pytest.mark.parametrize("total", [0, 15, 17 * 1024 * 1024])
def test_lengths_that_cannot_be(total: int) -> None:
    prelude = struct.pack(">II", total, 0)
    with pytest.raises(BrokenFrame, match="length"):
        FrameDecoder().feed(prelude + struct.pack(">I", zlib.crc32(prelude)))
