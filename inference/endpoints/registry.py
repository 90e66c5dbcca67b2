"""The chat API's endpoints, a row each."""

from __future__ import annotations

from typing import Final

from inference.endpoints import chat, completions, embeddings, messages
from inference.endpoints import responses as asked_responses
from inference.endpoints.endpoint import Endpoint
from inference.endpoints.protocols import anthropic, openai, responses

ENDPOINTS: Final[tuple[Endpoint, ...]] = (
    Endpoint("/v1/chat/completions", "chat", openai, chat.read),
    Endpoint("/v1/messages", "messages", anthropic, messages.read),
    Endpoint("/v1/responses", "responses", responses, asked_responses.read),
    Endpoint("/v1/completions", "completions", openai, completions.read),
    Endpoint("/v1/embeddings", "embeddings", openai, embeddings.read),
)
