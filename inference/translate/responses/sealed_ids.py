"""Ids in what goes to a provider of the Responses API and comes from it.

What comes back is sealed for the key it is given to, and stays as it came but for that. What goes
there is opened; an id that this key was not given by this provider never reaches it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from inference.translate.json_errors import Dropped
from inference.values.seal import Seal

_SEALED: Final = re.compile(
    rb'(?<!\\)"(id|item_id|container_id|previous_response_id|approval_request_id|first_id|last_id'
    rb'|encrypted_content)"(\s*:\s*)"([^"\\]*)"'
)
_TOLD: Final = (b'"id"', b'"encrypted_content"', b'"approval_request_id"', b'"reasoning"')
"""Without any of these nothing in the input was given out by a provider."""


def sealed(data: bytes, members: Iterable[str | None], seal: Seal | None) -> bytes:
    """The document with these of its members sealed; every other byte stays."""
    if seal is None:
        return data
    wanted = {member for member in members if member}
    if not wanted:
        return data

    def replaced(match: re.Match[bytes]) -> bytes:
        text = match[3].decode()
        if text not in wanted:
            return match[0]
        found.add(text)
        return b'"%b"%b"%b"' % (match[1], match[2], seal.seal(text).encode())

    found: set[str] = set()
    out = _SEALED.sub(replaced, data)
    # What stands there in escapes was passed over.
    return out if found == wanted else _rewritten(data, wanted, seal)


def _rewritten(data: bytes, wanted: set[str], seal: Seal) -> bytes:
    def walked(value: Any) -> Any:
        if isinstance(value, list):
            return [walked(one) for one in value]
        if isinstance(value, dict):
            return {
                name: seal.seal(one) if isinstance(one, str) and one in wanted else walked(one)
                for name, one in value.items()
            }
        return value

    return msgspec.json.encode(walked(msgspec.json.decode(data)))


def opened_input(raw: msgspec.Raw, seal: Seal, dropped: Dropped) -> msgspec.Raw:
    """The input with ids and encrypted reasoning as this provider gave them to this key.

    Of others the ids are left out, which items given in full can do without, and so is reasoning,
    which nobody else could read.
    """
    if not any(told in bytes(raw) for told in _TOLD):
        return raw
    items = msgspec.json.decode(raw)
    if not isinstance(items, list):
        return raw
    out = [_opened(item, seal) if isinstance(item, dict) else item for item in items]
    kept = [item for item in out if item is not None]
    if len(kept) < len(out):
        dropped.add("input.reasoning")
    return raw if kept == items else msgspec.Raw(msgspec.json.encode(kept))


def _opened(item: dict[str, Any], seal: Seal) -> dict[str, Any] | None:
    out = dict(item)
    for name in ("id", "approval_request_id", "encrypted_content", "container_id"):
        value = out.get(name)
        if value is None:
            continue
        own = seal.open(value) if isinstance(value, str) else None
        if own is not None:
            out[name] = own
        else:
            del out[name]
    refers = out.get("id") or out.get("encrypted_content")
    if out.get("type") in ("reasoning", "compaction") and not refers:
        return None
    return out


def opened_tools(raw: msgspec.Raw, seal: Seal) -> msgspec.Raw:
    """The tools, with the containers that this key was told of."""
    if b'"container"' not in bytes(raw):
        return raw
    tools = msgspec.json.decode(raw)
    for tool in tools if isinstance(tools, list) else ():
        container = tool.get("container") if isinstance(tool, dict) else None
        if isinstance(container, str):
            tool["container"] = seal.open(container) or ""
    return msgspec.Raw(msgspec.json.encode(tools))
