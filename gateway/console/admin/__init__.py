"""Pages of the admin, a file each. They show and ask; `governance.services` decides and writes."""

from gateway.console.admin import (
    api_key,
    heuristic_rule,
    interactions,
    model_mapping,
    people,
    provider,
    revision,
    routing_profile,
)

__all__ = [
    "api_key",
    "heuristic_rule",
    "interactions",
    "model_mapping",
    "people",
    "provider",
    "revision",
    "routing_profile",
]
