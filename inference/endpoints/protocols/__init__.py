"""The protocols of callers."""

from __future__ import annotations

from collections.abc import Mapping

from inference.endpoints.protocols import anthropic, openai
from inference.endpoints.protocols.base import CallersProtocol


def spoken(headers: Mapping[bytes, bytes]) -> CallersProtocol:
    """What a caller speaks where the path does not tell: Anthropic's clients send its version."""
    return anthropic if b"anthropic-version" in headers else openai
