"""A request with the beginning of its answer. PURE."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from inference.values.parsed_request import ParsedRequest
from inference.values.parsing import estimated_tokens

_ITEMS: Final = msgspec.json.Decoder(list[msgspec.Raw])
_ROLE: Final = msgspec.json.Decoder(dict[str, Any])


def with_beginning(
    request: ParsedRequest, place: str, text: str, limits: Iterable[str]
) -> ParsedRequest | None:
    """The request with `text` as a last message of the assistant in the list at `place`.

    The fields named `limits`, which bound the answer's tokens, are lowered by what was said. None
    when the last message is the assistant's already.
    """
    raw = bytes(request.fields[place])
    if raw.lstrip().startswith(b'"'):
        said = {"role": "user", "content": msgspec.Raw(raw)}
        items = [msgspec.Raw(msgspec.json.encode(said))]
    else:
        items = _ITEMS.decode(raw)
    if items and _ROLE.decode(items[-1]).get("role") == "assistant":
        return None
    begun = msgspec.json.encode({"role": "assistant", "content": text})
    fields = dict(request.fields)
    fields[place] = msgspec.Raw(msgspec.json.encode([*items, msgspec.Raw(begun)]))
    for name in limits:
        limit = msgspec.json.decode(fields.get(name, b"null"))
        if isinstance(limit, int):
            left = max(1, limit - estimated_tokens(len(text)))
            fields[name] = msgspec.Raw(msgspec.json.encode(left))
    return msgspec.structs.replace(request, body=msgspec.json.encode(fields), fields=fields)
