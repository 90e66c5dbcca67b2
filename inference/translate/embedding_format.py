"""Embeddings in the form that was asked for, where an upstream answers in the other.

Many servers ignore `encoding_format`, and older clients decode base64 without looking.
"""

from __future__ import annotations

import base64
import binascii
import struct
from typing import Any, Final

import msgspec

from inference.values.parsed_request import ParsedRequest

_WHOLE: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_DATA: Final = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_FORMAT: Final = msgspec.json.Decoder(Any)
_FLOAT_BYTES: Final = 4


def in_format(inbound: ParsedRequest, data: list[Any], body: bytes) -> bytes:
    """The body, with its embeddings as floats or as base64 of little-endian float32.

    `data` is what it holds. Other formats than these two, and what is neither, stay as they are.
    """
    asked = _FORMAT.decode(inbound.fields.get("encoding_format", b"null")) or "float"
    if asked not in ("float", "base64"):
        return body
    turned = [_turned(one, asked) for one in data]
    if all(one is None for one in turned):
        return body
    document = _WHOLE.decode(body)
    entries = _DATA.decode(document["data"])
    for entry, embedding in zip(entries, turned, strict=True):
        if embedding is not None:
            entry["embedding"] = msgspec.Raw(msgspec.json.encode(embedding))
    document["data"] = msgspec.Raw(msgspec.json.encode(entries))
    return msgspec.json.encode(document)


def _turned(entry: Any, asked: str) -> str | tuple[float, ...] | None:
    """The embedding in the other form; None where it stays."""
    embedding = entry.get("embedding") if isinstance(entry, dict) else None
    if asked == "base64" and isinstance(embedding, list):
        try:
            return base64.b64encode(struct.pack(f"<{len(embedding)}f", *embedding)).decode()
        except (struct.error, OverflowError):
            return None
    if asked == "float" and isinstance(embedding, str):
        try:
            packed = base64.b64decode(embedding, validate=True)
        except (binascii.Error, ValueError):
            return None
        count, rest = divmod(len(packed), _FLOAT_BYTES)
        return None if rest else struct.unpack(f"<{count}f", packed)
    return None
