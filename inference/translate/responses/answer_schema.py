"""OpenAI's Responses and their events, as far as this gateway reads them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from inference.translate.lenient import LenientDecoder


class ResponseAnnotation(msgspec.Struct):
    type: str = ""
    container_id: str | None = None
    url: str | None = None
    title: str | None = None


class ResponsePart(msgspec.Struct):
    """A part of a message, of reasoning or of its summary."""

    type: str = ""
    text: str = ""
    refusal: str | None = None
    annotations: list[ResponseAnnotation] | None = None


class ResponseItem(msgspec.Struct):
    type: str = ""
    id: str | None = None
    status: str | None = None
    content: list[ResponsePart] | None = None
    summary: list[ResponsePart] | None = None
    encrypted_content: str | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    container_id: str | None = None
    approval_request_id: str | None = None

    def sealed_members(self) -> Iterator[str | None]:
        """What refers to something that the provider keeps, or may read from nobody else."""
        yield from (self.id, self.encrypted_content, self.container_id, self.approval_request_id)
        for part in self.content or ():
            yield from (one.container_id for one in part.annotations or ())


class Incomplete(msgspec.Struct):
    reason: str | None = None


class Response(msgspec.Struct):
    id: str | None = None
    object: str | None = None
    model: str | None = None
    status: str | None = None
    created_at: float | None = None
    previous_response_id: str | None = None
    output: list[ResponseItem] | None = None
    usage: dict[str, Any] | None = None
    error: Any = None
    incomplete_details: Incomplete | None = None
    service_tier: str | None = None

    def sealed_members(self) -> Iterator[str | None]:
        yield from (self.id, self.previous_response_id)
        for item in self.output or ():
            yield from item.sealed_members()

    @property
    def finish_reason(self) -> str:
        """Why it ended, in the words of chat completions; empty where it has not."""
        if self.status in ("queued", "in_progress", None):
            return ""
        reason = self.incomplete_details.reason if self.incomplete_details is not None else None
        if reason:
            return "length" if reason == "max_output_tokens" else reason
        called = any(item.type == "function_call" for item in self.output or ())
        return "tool_calls" if called else "stop"


class ResponseEvent(msgspec.Struct):
    type: str = ""
    sequence_number: int | None = None
    response: Response | None = None
    item: ResponseItem | None = None
    item_id: str | None = None
    output_index: int | None = None
    part: ResponsePart | None = None
    annotation: ResponseAnnotation | None = None
    delta: str | None = None
    text: str | None = None
    arguments: str | None = None

    def sealed_members(self) -> Iterator[str | None]:
        yield self.item_id
        if self.item is not None:
            yield from self.item.sealed_members()
        if self.response is not None:
            yield from self.response.sealed_members()
        if self.annotation is not None:
            yield self.annotation.container_id
        if self.part is not None:
            yield from (one.container_id for one in self.part.annotations or ())


class ItemList(msgspec.Struct):
    """The page of a list of items."""

    data: list[ResponseItem] | None = None
    first_id: str | None = None
    last_id: str | None = None

    def sealed_members(self) -> Iterator[str | None]:
        yield from (self.first_id, self.last_id)
        for item in self.data or ():
            yield from item.sealed_members()


RESPONSE: Final = LenientDecoder(Response)
EVENT: Final = LenientDecoder(ResponseEvent)
ITEM_LIST: Final = LenientDecoder(ItemList)
