"""Upstreams that speak Google's `generateContent`."""

from __future__ import annotations

from typing import Final

from inference.translate.gemini.upstream import GeminiUpstream
from inference.translate.via import composed

PROTOCOLS: Final = {"gemini": composed(GeminiUpstream())}
