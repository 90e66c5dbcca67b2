"""The head of a GGUF file: its metadata and the list of its tensors, without the weights.

Read with the standard library alone, because the engine wants to know what a model will take before
any worker runs. Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (version 2, 3).
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

_MAGIC: Final = b"GGUF"
_STRING: Final = 8
_ARRAY: Final = 9
_SCALARS: Final = {
    0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q",
    12: "<d",
}  # fmt: skip
_LONGEST_STRING: Final = 16 * 2**20
"""Bytes; chat templates are the longest there are, a few dozen kilobytes."""


class NotGguf(ValueError):
    """The file is no GGUF file, or a broken one."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """`kind` is ggml's number of the type; `offset` counts from the beginning of the weights."""

    name: str
    shape: tuple[int, ...]
    kind: int
    offset: int

    @property
    def count(self) -> int:
        """Of its weights."""
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class Header:
    """`metadata` leaves arrays out. `metadata_at` are the bytes it takes up in the file."""

    metadata: dict[str, Any]
    pairs: int
    metadata_at: tuple[int, int]
    tensors: tuple[Tensor, ...]
    weights_at: int

    def of_architecture(self, key: str, default: int = 0) -> int:
        """A number that stands under the name of the model's architecture."""
        return int(self.metadata.get(f"{self.metadata['general.architecture']}.{key}", default))

    @property
    def context_length(self) -> int:
        return self.of_architecture("context_length")

    @property
    def cache_bytes_per_token(self) -> int:
        """What a token takes in the key-value cache, at 16 bits a value."""
        heads = self.of_architecture("attention.head_count", 1)
        width = self.of_architecture("embedding_length") // max(heads, 1)
        keys = self.of_architecture("attention.key_length", width)
        values = self.of_architecture("attention.value_length", width)
        shared = self.of_architecture("attention.head_count_kv", heads)
        return self.of_architecture("block_count") * shared * (keys + values) * 2


def read_header(path: Path) -> Header:
    """Raises NotGguf, OSError."""
    with path.open("rb") as file:
        try:
            return _read(file)
        except (struct.error, KeyError, UnicodeDecodeError, MemoryError, TypeError) as error:
            raise NotGguf(f"{path.name} is no GGUF file that can be read.") from error


def _read(file: BinaryIO) -> Header:
    if file.read(4) != _MAGIC or _number(file, "<I") not in (2, 3):
        raise KeyError("magic")
    count, pairs = _number(file, "<Q"), _number(file, "<Q")
    begin = file.tell()
    metadata: dict[str, Any] = {}
    for _ in range(pairs):
        key = _text(file)
        value = _value(file, _number(file, "<I"))
        if value is not None:
            metadata[key] = value
    metadata["general.architecture"]
    end = file.tell()
    tensors = tuple(_tensor(file) for _ in range(count))
    alignment = int(metadata.get("general.alignment", 32))
    weights_at = -(-file.tell() // alignment) * alignment
    return Header(metadata, pairs, (begin, end), tensors, weights_at)


def _tensor(file: BinaryIO) -> Tensor:
    name = _text(file)
    shape = tuple(_number(file, "<Q") for _ in range(_number(file, "<I")))
    return Tensor(name, shape, _number(file, "<I"), _number(file, "<Q"))


def _value(file: BinaryIO, kind: int) -> Any:
    """A scalar or a text; an array is passed over and is None."""
    if kind == _STRING:
        return _text(file)
    if kind != _ARRAY:
        return _number(file, _SCALARS[kind])
    items, length = _number(file, "<I"), _number(file, "<Q")
    if items in _SCALARS:
        file.seek(length * struct.calcsize(_SCALARS[items]), 1)
    elif items == _STRING:
        for _ in range(length):
            file.seek(_number(file, "<Q"), 1)
    else:
        raise KeyError(items)
    return None


def _text(file: BinaryIO) -> str:
    length = _number(file, "<Q")
    if length > _LONGEST_STRING:
        raise KeyError("length")
    return file.read(length).decode()


def _number(file: BinaryIO, form: str) -> Any:
    (value,) = struct.unpack(form, file.read(struct.calcsize(form)))
    return value
