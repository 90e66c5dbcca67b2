"""The chat completion request with what the Responses API can say of it beyond other protocols."""

from __future__ import annotations

from typing import Any

from inference.translate.chat import request_schema


class HistoryMessage(request_schema.ChatMessage, kw_only=True):
    reasoning_details: list[dict[str, Any]] | None = None


class FullChatRequest(request_schema.ChatRequest, kw_only=True):
    messages: list[HistoryMessage]  # type: ignore[assignment]  # narrower than the hub's
    metadata: dict[str, Any] | None = None
    verbosity: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None
