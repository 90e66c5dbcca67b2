"""A request's place in the local engine's queue: from its API key and its endpoint."""

from __future__ import annotations

from inference.values.parsed_request import Priority


def priority(key: str, endpoint: Priority) -> str:
    """`high`, `normal` or `low`. A key that was given a priority keeps it on every endpoint; one
    left at `normal` takes the endpoint's. The caller has no say."""
    return key if key != "normal" else endpoint
