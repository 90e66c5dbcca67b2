"""Responses that the gateway itself keeps: told, listed and deleted."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from inference.edge import response_headers
from inference.edge.answer_writer import AnswerWriter
from inference.protocols.sse import encode
from inference.translate.base import EVENT_STREAM
from inference.translate.responses.passthrough import events_of
from inference.values.error_answer import ErrorAnswer
from inference.values.kept_answer import Keeper, KeeperAway


class Own(NamedTuple):
    """A response that this gateway keeps, and what is asked of it."""

    keeper: Keeper
    key: str
    id: str
    """Without its seal."""
    sealed: str
    method: str
    rest: str
    """`/cancel`, `/input_items`, or nothing."""
    stream: bool


async def answer(own: Own, writer: AnswerWriter) -> ErrorAnswer | None:
    """Writes the answer. None, or the error that is to be written; 404 is the caller's to word."""
    headers = [(b"x-request-id", writer.request_id.encode())]
    try:
        told = await _told(own)
    except KeeperAway:
        message = "What keeps answers does not answer: the collector is away."
        return ErrorAnswer(503, message, "keeper_away", retry_after=1)
    if told is None or isinstance(told, ErrorAnswer):
        return told or ErrorAnswer(404, "", "not_found")
    if not own.stream:
        await writer.respond(200, [response_headers.JSON, *headers], msgspec.json.encode(told))
        return None
    events = b"".join(encode(event.data, event.name) for event in events_of(told))
    await writer.respond(200, [*response_headers.stream(EVENT_STREAM), *headers], events)
    return None


async def _told(own: Own) -> dict[str, Any] | ErrorAnswer | None:
    if own.method == "DELETE":
        gone = await own.keeper.delete(own.key, own.id)
        return {"id": own.sealed, "object": "response", "deleted": True} if gone else None
    found = await own.keeper.fetch(own.key, own.id)
    if found is None:
        return None
    if own.rest == "/cancel":
        message = "Only a response that was made with `background: true` can be cancelled."
        return ErrorAnswer(400, message, "not_in_background")
    response, items = found
    if own.rest == "/input_items":
        listed = [_listed(msgspec.json.decode(one), place) for place, one in enumerate(items)]
        return {"object": "list", "data": listed, "has_more": False}
    told: dict[str, Any] = msgspec.json.decode(response)
    return told


def _listed(item: dict[str, Any], place: int) -> dict[str, Any]:
    """An item of a request, in the form of a list: with an id, and its content in parts."""
    listed = {"type": "message", "id": f"in_{place}", "status": "completed", **item}
    content = listed.get("content")
    if isinstance(content, str):
        kind = "output_text" if listed.get("role") == "assistant" else "input_text"
        listed["content"] = [{"type": kind, "text": content}]
    return listed
