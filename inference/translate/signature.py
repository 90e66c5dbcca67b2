"""The mark on thinking that no Anthropic model has signed.

Reasoning of other models reaches a caller of Anthropic's protocol as thinking blocks, which must
carry a signature. With this one the gateway knows them again when they come back in the history.
Behind it may stand what the upstream wants back with its reasoning: OpenRouter's
`reasoning_details`.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from inference.translate.sealing import opened, sealed

UNSIGNED: Final = "pointsman-unsigned"

_DETAILS: Final = msgspec.json.Decoder(list[dict[str, Any]])


def mark(details: list[dict[str, Any]]) -> str:
    """A signature, or the data of hidden thinking, that holds these details."""
    return f"{UNSIGNED}:{sealed(details)}" if details else UNSIGNED


def is_unsigned(block: dict[str, Any]) -> bool:
    """Whether a block of thinking is of another model than Anthropic's."""
    return any(str(block.get(name) or "").startswith(UNSIGNED) for name in ("signature", "data"))


def details_in(marked: str) -> list[dict[str, Any]]:
    """The details a signature holds; nothing where it was changed on its way."""
    return opened(_DETAILS, marked.removeprefix(f"{UNSIGNED}:")) or []
