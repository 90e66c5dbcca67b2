"""How much memory a model will take, told from its files before it is loaded."""

import sys
from pathlib import Path
from typing import Any

import msgspec

from inference.local.gguf_header import read_header
from inference.local.llama_sizes import memory_bytes

_HALF_PRECISION = frozenset({"F16", "BF16"})
_HEADER_LIMIT_BYTES = 100_000_000
"""The safetensors format's own limit."""


def weights_bytes(folder: Path, *, widened: bool = sys.platform != "darwin") -> int:
    """Bytes the weights take once loaded; the size of all files when no weights can be read.

    `widened`: half precision becomes single precision, as the workers do on a CPU.
    """
    if folder.is_file():
        return _gguf_bytes(folder)
    files = sorted(folder.glob("*.safetensors"))
    try:
        return sum(_file_bytes(file, widened) for file in files) or _size(folder)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return _size(folder)


def _gguf_bytes(file: Path) -> int:
    """Weights as they lie in the file, and the cache that is made beside them."""
    size = file.stat().st_size
    try:
        return memory_bytes(read_header(file), size)
    except (OSError, ValueError):
        return size


def _file_bytes(file: Path, widened: bool) -> int:
    """The sum over the tensors listed in a safetensors header: eight bytes of length, then JSON."""
    with file.open("rb") as opened:
        length = int.from_bytes(opened.read(8), "little")
        if length > _HEADER_LIMIT_BYTES:
            raise ValueError("not a safetensors file")
        tensors: dict[str, Any] = msgspec.json.decode(opened.read(length))
    total = 0
    for name, tensor in tensors.items():
        if name != "__metadata__":
            start, end = tensor["data_offsets"]
            total += (end - start) * (2 if widened and tensor["dtype"] in _HALF_PRECISION else 1)
    return total


def _size(folder: Path) -> int:
    return sum(item.stat().st_size for item in folder.iterdir() if item.is_file())
