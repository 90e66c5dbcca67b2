"""How much memory a model will take, told from its files before it is loaded."""

import sys
from pathlib import Path

from inference.local.gguf_header import read_header
from inference.local.llama_sizes import memory_bytes
from inference.local.safetensors_header import read_tensors
from inference.local.store.catalog import belonging_to

_HALF_PRECISION = frozenset({"F16", "BF16"})


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
    size = sum(part.stat().st_size for part in belonging_to(file))
    try:
        return memory_bytes(read_header(file), size)
    except (OSError, ValueError):
        return size


def _file_bytes(file: Path, widened: bool) -> int:
    """The sum over the tensors that the file lists."""
    return sum(
        tensor.size_bytes * (2 if widened and tensor.kind in _HALF_PRECISION else 1)
        for tensor in read_tensors(file)
    )


def _size(folder: Path) -> int:
    return sum(item.stat().st_size for item in folder.iterdir() if item.is_file())
