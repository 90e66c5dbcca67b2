"""A request's place in the local engine's queue: from its API key and its endpoint."""

from __future__ import annotations

from typing import Final

OF_ENDPOINT: Final = {
    "chat": "normal",
    "messages": "normal",
    "responses": "normal",
    "completions": "low",
    "embeddings": "low",
}
"""Someone waits for a chat; the older endpoints serve batch work."""


def priority(key: str, request_type: str) -> str:
    """`high`, `normal` or `low`. A key that was given a priority keeps it on every endpoint; one
    left at `normal` takes the endpoint's. The caller has no say."""
    return key if key != "normal" else OF_ENDPOINT[request_type]
