"""What alerts found and what lasts, for the dashboard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.console.monitoring.attention import Attention
from governance.models import AlertEvent

MOST: Final = 20
"""Events that are shown; an outage of everything is told by fewer."""


def alert_attention() -> Iterator[Attention]:
    """The latest first. One query."""
    lasting = AlertEvent.objects.filter(ended_at=None).select_related("rule")
    for event in lasting[:MOST]:
        yield Attention("warn", "alert", event.title, event.detail, "alert", str(event.rule_id))
