"""The chat API's endpoints, a row each."""

from __future__ import annotations

from typing import Final

from inference.asks import chat
from inference.endpoint import Endpoint
from inference.protocols import openai

ENDPOINTS: Final[tuple[Endpoint, ...]] = (
    Endpoint("/v1/chat/completions", "chat", openai, chat.read),
)
