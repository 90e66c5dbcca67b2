"""Upstreams at Vertex AI. Which of the two is spoken goes by the model."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from inference.translate.base import Translator
from inference.translate.gemini.upstream import GeminiUpstream
from inference.translate.hosted_claude import HostedClaude, anthropic_translator
from inference.translate.hub import DirectCaller
from inference.translate.via import composed

VERSION: Final = "vertex-2023-10-16"
"""Source: Anthropic's guide "Claude on Vertex AI"."""


def _path(model: str, stream: bool) -> str:
    method = "streamRawPredict" if stream else "rawPredict"
    return f"/publishers/anthropic/models/{quote(model, safe='@')}:{method}"


def _claude(caller: DirectCaller) -> Translator:
    return HostedClaude(anthropic_translator(caller), VERSION, _path)


PROTOCOLS: Final = {
    "vertex_claude": _claude,
    "vertex_gemini": composed(GeminiUpstream("/publishers/google")),
}
