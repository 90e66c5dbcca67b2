"""A quantised GGUF file with its weights written out in 16 bits.

llama.cpp rounds what goes into a product with 4-bit or 8-bit weights to 8 bits as well. Large
models do not mind; the embedded one is so small that its answers change: log probabilities move by
up to half a nat, and the capital of France is lost. With 16-bit weights they stay within 0.01.

`python -m inference.local.half SOURCE.gguf TARGET.gguf`
"""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np

from inference.local.gguf_header import Header, NotGguf, Tensor, read_header
from inference.local.weights import SAMPLING

_ALIGNMENT: Final = 32
_F32, _F16, _Q4_1, _Q8_0 = 0, 1, 3, 8
_BLOCK_BYTES: Final = {_Q4_1: 20, _Q8_0: 34}
_BLOCK: Final = 32
"""Values in a block."""

Array = Any


def write_half(source: Path, target: Path, sampling: dict[str, float]) -> None:
    """Write `target`; `sampling` is what the model's authors recommend. Raises NotGguf."""
    header = read_header(source)
    with source.open("rb") as read, target.open("wb") as write:
        read.seek(header.metadata_at[0])
        metadata = read.read(header.metadata_at[1] - header.metadata_at[0])
        added = b"".join(_pair(f"general.sampling.{k}", v) for k, v in sampling.items())
        counts = struct.pack("<IQQ", 3, len(header.tensors), header.pairs + len(sampling))
        write.write(b"GGUF" + counts + metadata + added + _listing(header))
        for tensor in header.tensors:
            _pad(write)
            write.write(_values(read, header, tensor).tobytes())
        write.flush()
        os.fsync(write.fileno())


def _listing(header: Header) -> bytes:
    """The tensors with their new types and places."""
    result, offset = b"", 0
    for tensor in header.tensors:
        name = tensor.name.encode()
        kind = _F32 if tensor.kind == _F32 else _F16
        result += struct.pack("<Q", len(name)) + name + struct.pack("<I", len(tensor.shape))
        result += struct.pack(f"<{len(tensor.shape)}Q", *tensor.shape)
        result += struct.pack("<IQ", kind, offset)
        size = tensor.count * (4 if kind == _F32 else 2)
        offset += -(-size // _ALIGNMENT) * _ALIGNMENT
    return result


def _values(read: BinaryIO, header: Header, tensor: Tensor) -> Array:
    """The weights; Q4_1 is a scale, a minimum and 32 values of 4 bits, Q8_0 a scale and 8 bits."""
    read.seek(header.weights_at + tensor.offset)
    count = tensor.count
    if tensor.kind == _F32:
        return np.frombuffer(read.read(4 * count), "<f4")
    if tensor.kind == _F16:
        return np.frombuffer(read.read(2 * count), "<f2")
    size = _BLOCK_BYTES.get(tensor.kind)
    if size is None:
        raise NotGguf(f"{tensor.name} has a type ({tensor.kind}) that is not known here.")
    blocks = np.frombuffer(read.read(count // _BLOCK * size), np.uint8).reshape(-1, size)
    scale = blocks[:, :2].copy().view("<f2").astype(np.float32)
    if tensor.kind == _Q8_0:
        return (blocks[:, 2:].view(np.int8) * scale).astype("<f2")
    least = blocks[:, 2:4].copy().view("<f2").astype(np.float32)
    packed = blocks[:, 4:]
    values = np.concatenate([packed & 15, packed >> 4], axis=1)
    return (values * scale + least).astype("<f2")


def _pair(key: str, value: float) -> bytes:
    """A key with a 32-bit float."""
    return struct.pack("<Q", len(key)) + key.encode() + struct.pack("<If", 6, value)


def _pad(write: BinaryIO) -> None:
    write.write(b"\0" * (-write.tell() % _ALIGNMENT))


if __name__ == "__main__":
    write_half(Path(sys.argv[1]), Path(sys.argv[2]), SAMPLING)
