"""Upstreams that speak Anthropic's messages."""

from __future__ import annotations

from typing import Final

from inference.translate.messages.upstream.upstream import MessagesUpstream
from inference.translate.via import composed

PROTOCOLS: Final = {"anthropic": composed(MessagesUpstream())}
