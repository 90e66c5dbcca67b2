"""The protocols of callers: how they are told what went wrong and which models there are."""

from __future__ import annotations

from collections.abc import Mapping

from inference.protocols.anthropic import ANTHROPIC
from inference.protocols.base import CallersProtocol
from inference.protocols.openai import OPENAI
from inference.protocols.responses import RESPONSES

__all__ = ["ANTHROPIC", "OPENAI", "RESPONSES", "CallersProtocol", "spoken"]


def spoken(headers: Mapping[bytes, bytes]) -> CallersProtocol:
    """What a caller speaks where the path does not tell: Anthropic's clients send its version."""
    return ANTHROPIC if b"anthropic-version" in headers else OPENAI
