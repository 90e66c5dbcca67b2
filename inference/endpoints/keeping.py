"""Answers that the gateway keeps: put into the requests that refer to them, and kept."""

from __future__ import annotations

import secrets
from typing import Any, Final

import msgspec

from governance.routing.table import VirtualKey
from inference.dispatch.response_references import Reference, Unreachable, not_found
from inference.dispatch.seals import seal_for
from inference.values.failures import Failure, Outcome
from inference.values.kept_answer import Keep, Keeper, KeeperAway, KeptAnswer
from inference.values.parsed_request import ParsedRequest
from inference.values.seal import GATEWAY, Seal

_ITEMS: Final = msgspec.json.Decoder(str | list[msgspec.Raw])
_PREVIOUS: Final = "previous_response_id"
_STORE: Final = msgspec.json.Decoder(bool | None)
_AWAY: Final = Failure(
    Outcome.RETRYABLE,
    "keeper_away",
    "What keeps answers does not answer: the collector is away.",
    503,
    retry_after=1,
)


async def completed(
    request: ParsedRequest, kept: list[Reference], keeper: Keeper | None, key: VirtualKey | None
) -> ParsedRequest:
    """The request with what it refers to in full, and with whom its answer is to be given to.

    Raises `Unreachable`.
    """
    seal = seal_for(key, GATEWAY)
    name = key.id if key is not None else ""
    own, before = _items(request), []
    if kept:
        if keeper is None:
            raise Unreachable(not_found(kept[0]))
        try:
            own = [await _item(one, kept, keeper, seal, name) for one in own]
            before = await _before(kept, keeper, seal, name)
        except KeeperAway:
            raise Unreachable(_AWAY) from None
    wanted = keeper is not None and is_kept(request, keeper)
    previous = request.fields.get(_PREVIOUS)
    if kept:
        fields = {**request.fields, "input": msgspec.Raw(msgspec.json.encode([*before, *own]))}
        if before:
            del fields[_PREVIOUS]
        body = msgspec.json.encode(fields)
        request = msgspec.structs.replace(request, body=body, fields=fields)
    if not wanted:
        return request
    assert keeper is not None
    told = msgspec.json.decode(previous) if previous is not None and before else None
    keep = _keep(keeper, seal, name, own, told)
    return msgspec.structs.replace(request, seal=seal, keep=keep)


def is_kept(request: ParsedRequest, keeper: Keeper) -> bool:
    """Whether the answer is to be kept: the request says so, or nothing where that is usual."""
    store = _STORE.decode(request.fields.get("store", b"null"))
    return keeper.by_default if store is None else store


def _items(request: ParsedRequest) -> list[msgspec.Raw]:
    given: str | list[msgspec.Raw] = _ITEMS.decode(request.fields.get("input", b'""'))
    if not isinstance(given, str):
        return given
    message = {"type": "message", "role": "user", "content": given}
    return [msgspec.Raw(msgspec.json.encode(message))] if given else []


async def _item(
    item: msgspec.Raw, kept: list[Reference], keeper: Keeper, seal: Seal, key: str
) -> msgspec.Raw:
    """The item itself, where this one refers to one that is kept."""
    if b"item_reference" not in bytes(item):
        return item
    refers = msgspec.json.decode(item)
    found = [one for one in kept if one.id == refers.get("id")]
    if refers.get("type") != "item_reference" or not found:
        return item
    whole = await keeper.item(key, seal.open(found[0].id) or "")
    if whole is None:
        raise Unreachable(not_found(found[0]))
    return whole


async def _before(kept: list[Reference], keeper: Keeper, seal: Seal, key: str) -> list[msgspec.Raw]:
    """The conversation up to the previous response."""
    for one in kept:
        if one.field == _PREVIOUS:
            found = await keeper.conversation(key, seal.open(one.id) or "")
            if found is None:
                raise Unreachable(not_found(one))
            return found
    return []


def _keep(
    keeper: Keeper, seal: Seal, key: str, own: list[msgspec.Raw], previous: str | None
) -> Keep:
    def put(response: dict[str, Any]) -> None:
        output = response["output"]
        keeper.put(
            KeptAnswer(
                key=key,
                id=seal.open(response["id"]) or "",
                previous=(seal.open(previous) if previous is not None else None) or "",
                response=msgspec.Raw(msgspec.json.encode(response)),
                input=own,
                output=[msgspec.Raw(msgspec.json.encode(item)) for item in output],
                item_ids=[seal.open(item["id"]) or "" for item in output],
            )
        )

    return Keep(secrets.token_hex(12), previous, put)
