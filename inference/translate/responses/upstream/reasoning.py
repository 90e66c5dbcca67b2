"""Encrypted reasoning of the Responses API, as a chat message carries it.

In OpenRouter's form, which clients bring back: a part of `reasoning_details`. It is sealed, since
it is of use to the provider alone that wrote it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from inference.values.seal import Seal

_TYPE: Final = "reasoning.encrypted"
_FORMAT: Final = "openai-responses-v1"


def detail_of(encrypted: str, index: int, seal: Seal | None) -> dict[str, Any]:
    data = seal.seal(encrypted) if seal is not None else encrypted
    return {"type": _TYPE, "data": data, "format": _FORMAT, "index": index}


def encrypted_in(details: Iterable[dict[str, Any]], seal: Seal | None) -> Iterator[str]:
    """What this provider gave to this key."""
    for detail in details:
        data = detail.get("data")
        if detail.get("type") != _TYPE or not isinstance(data, str):
            continue
        own = seal.open(data) if seal is not None else data
        if own is not None:
            yield own
