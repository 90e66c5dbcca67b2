"""How a provider fares at this moment, as the API tells it."""

from __future__ import annotations

from typing import Any

from gateway.console.monitoring.current_health import CurrentHealth
from gateway.console.monitoring.process_health import current_health
from governance import snapshot
from governance.routing.overrides import override_of


def health_document(provider: str) -> dict[str, Any]:
    """One that is not in force yet fares as nobody does."""
    key = provider.casefold()
    held = current_health().get(key, CurrentHealth())
    overrides = snapshot.current().overrides
    return {
        "provider": provider,
        "override": override_of(overrides, key, "") or None,
        "under_way": held.under_way,
        "max_concurrency": held.slots,
        "processes": held.processes,
        "models": [
            {
                "model": one.model,
                "state": one.status.state,
                "override": override_of(overrides, key, one.model) or None,
                "seconds_left": round(one.seconds, 1),
                "share": round(one.share, 3),
                "request_percent": one.status.request_percent,
                "token_percent": one.status.token_percent,
                "first_token_seconds": round(one.first_token, 3) or None,
            }
            for one in held.models
        ],
        "nodes": [
            {
                "node": one.node,
                "model": one.model,
                "state": one.state,
                "seconds_left": round(one.seconds, 1),
                "under_way": one.under_way,
                "first_token_seconds": round(one.first_token, 3) or None,
            }
            for one in held.nodes
        ],
    }
