"""Which conversation a request belongs to, by the names its clients give it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from inference.values.parsed_request import ParsedRequest

HEADER_NAMES: Final = (
    b"x-session-id",
    b"x-claude-code-session-id",
    b"session_id",
    b"conversation",
    b"prompt_cache_key",
)
"""In the order in which they count. Each may also be a field of the body, `-` written as `_`."""
SHORTEST: Final = 1024
"""Tokens of a prompt from which providers cache it."""
LONGEST: Final = 200
"""Characters that are kept."""
_HASHED: Final = 16 * 1024
"""Bytes of either end of a long part that tell it from others, with its length: hashing all of a
megabyte takes longer than all else that is done with it."""
_COMMON: Final = ("system", "instructions", "tools")


class _Turn(msgspec.Struct):
    role: str | None = None


_ITEMS: Final = msgspec.json.Decoder(list[msgspec.Raw])
_ROLE: Final = msgspec.json.Decoder(_Turn)
_NAMES: Final = tuple((name, name.decode().replace("-", "_")) for name in HEADER_NAMES)
_HEADERS: Final = frozenset(HEADER_NAMES)
_FIELDS: Final = frozenset({"metadata", *(field for _, field in _NAMES)})


def session_of(fields: Mapping[str, msgspec.Raw], headers: Mapping[bytes, bytes]) -> str:
    """The first of the names that says something, then `metadata.user_id`; empty for none."""
    if _HEADERS.isdisjoint(headers) and _FIELDS.isdisjoint(fields):
        return ""
    for header, field in _NAMES:
        said = headers.get(header)
        if said is not None and (session := _kept(said.decode("utf-8", "replace"))):
            return session
        if field in fields and (session := _kept(_id(fields[field]))):
            return session
    return _kept(_member(fields["metadata"], "user_id")) if "metadata" in fields else ""


def sticky_session(request: ParsedRequest) -> str:
    """What the request is recognised by: the session its caller names, or else, for a prompt so
    long that caching pays, a hash of what its turns have in common: system, tools and the first
    message of the user."""
    if request.session or request.routing_request.features.prompt_tokens <= SHORTEST:
        return request.session
    fields = request.fields
    hashed = hashlib.blake2b(digest_size=16)
    for name in _COMMON:
        if name in fields:
            _update(hashed, fields[name])
    for name in ("messages", "input"):
        if name in fields:
            for part in _beginning(fields[name]):
                _update(hashed, part)
    return hashed.hexdigest()


def _update(hashed: hashlib.blake2b, part: msgspec.Raw | memoryview) -> None:
    size = len(part)
    if size <= 2 * _HASHED:
        hashed.update(part)
        return
    view = memoryview(part)
    hashed.update(b"%d" % size)
    hashed.update(view[:_HASHED])
    hashed.update(view[-_HASHED:])


def _beginning(turns: msgspec.Raw) -> Sequence[msgspec.Raw | memoryview]:
    """Up to the first message of the user; a prompt that is one text begins with its beginning.

    In parts that are views of the body: a copy of a long prompt takes longer than its hash.
    """
    try:
        items = _ITEMS.decode(turns)
        roles = (_ROLE.decode(item).role for item in items)
        own = next((place for place, role in enumerate(roles) if role == "user"), len(items))
    except (msgspec.MsgspecError, RecursionError):
        return [memoryview(turns)[:4096]]
    return items[: own + 1]


def _id(raw: msgspec.Raw) -> str:
    """A string, or the `id` of an object, as the Responses API has its conversation."""
    value = _value(raw)
    if isinstance(value, dict):
        value = value.get("id")
    return value if isinstance(value, str) else ""


def _member(raw: msgspec.Raw, name: str) -> str:
    value = _value(raw)
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""


def _value(raw: msgspec.Raw) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None


def _kept(text: str) -> str:
    """PostgreSQL takes no NUL."""
    return text.replace("\0", "").strip()[:LONGEST]
