"""Upstreams that speak OpenAI's chat completions."""

from __future__ import annotations

from typing import Final

from inference.translate.chat.upstream import ChatUpstream
from inference.translate.via import composed

PROTOCOLS: Final = {"openai": composed(ChatUpstream())}
