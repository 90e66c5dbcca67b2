"""What an upstream wants back with the next turn, in the letters that ids and signatures take.

The gateway keeps no state between requests: callers carry it, without reading it.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final, TypeVar

import msgspec

T = TypeVar("T")

SEAM: Final = "_pointsman_"
"""Between a call's own id and what is sealed behind it."""
_EXTRA: Final = msgspec.json.Decoder(dict[str, Any])


def sealed(value: Any) -> str:
    """Letters, digits, `-` and `_` alone."""
    return base64.urlsafe_b64encode(msgspec.json.encode(value)).decode().rstrip("=")


def opened(decoder: msgspec.json.Decoder[T], text: str) -> T | None:
    """What was sealed; None for anything else."""
    try:
        return decoder.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError, msgspec.DecodeError, RecursionError):
        return None


def sealed_id(call_id: str, extra: Any) -> str:
    """A tool call's id with the call's `extra_content` in it.

    Gemini refuses a call that comes back without its thought signature. Of a call only the id
    comes back whatever the client is.
    """
    return f"{call_id}{SEAM}{sealed(extra)}" if extra else call_id


def opened_id(call_id: str) -> tuple[str, dict[str, Any] | None]:
    """The id as the upstream gave it, and the call's `extra_content`."""
    own, seam, text = call_id.rpartition(SEAM)
    extra = opened(_EXTRA, text) if seam else None
    return (call_id, None) if extra is None else (own, extra)
