"""Reasoning that a caller of the Responses API carries from turn to turn.

The protocol has `encrypted_content` for what a server wants back unread. This gateway keeps no
state, so it puts there what the upstream will want: its reasoning, or its signed thinking blocks.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final

import msgspec

_MARK: Final = "pointsman:"


class Kept(msgspec.Struct):
    """What one reasoning item stands for."""

    reasoning: str = ""
    blocks: list[dict[str, Any]] = []
    """Thinking blocks with Anthropic's signatures."""
    details: list[dict[str, Any]] = []
    """OpenRouter's `reasoning_details`."""


_KEPT: Final = msgspec.json.Decoder(Kept)


def sealed(kept: Kept) -> str:
    """As `encrypted_content`."""
    return _MARK + base64.b64encode(msgspec.json.encode(kept)).decode()


def opened(encrypted_content: str | None) -> Kept | None:
    """What this gateway put there; None for what another server did."""
    if encrypted_content is None or not encrypted_content.startswith(_MARK):
        return None
    try:
        return _KEPT.decode(base64.b64decode(encrypted_content[len(_MARK) :]))
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return None
