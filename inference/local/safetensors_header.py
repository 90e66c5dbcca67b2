"""The head of a safetensors file: the list of its tensors, without the weights.

Format: https://github.com/huggingface/safetensors (eight bytes of length, then JSON).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

_LONGEST: Final = 100_000_000
"""Bytes; the format's own limit."""


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """`kind` as the file spells it: F32, BF16, U32 ..."""

    kind: str
    size_bytes: int


def read_tensors(path: Path) -> list[StoredTensor]:
    """Raises ValueError for a file of another form, and OSError."""
    with path.open("rb") as opened:
        length = int.from_bytes(opened.read(8), "little")
        if length > _LONGEST:
            raise ValueError("not a safetensors file")
        try:
            tensors: dict[str, Any] = msgspec.json.decode(opened.read(length))
            return [
                StoredTensor(tensor["dtype"], tensor["data_offsets"][1] - tensor["data_offsets"][0])
                for name, tensor in tensors.items()
                if name != "__metadata__"
            ]
        except (KeyError, TypeError, AttributeError, IndexError, msgspec.MsgspecError) as error:
            raise ValueError("not a safetensors file") from error
