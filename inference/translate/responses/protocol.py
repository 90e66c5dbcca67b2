"""Upstreams that speak OpenAI's Responses API."""

from __future__ import annotations

from typing import Final

from inference.translate.responses.upstream.upstream import composed

PROTOCOLS: Final = {"responses": composed}
