"""Forgetting what a provider was found to refuse."""

from __future__ import annotations

from typing import Final

from governance import audit, ports
from governance.models import Provider
from governance.services.providers import KIND

ACTION: Final = "forget repairs"


def forget_repairs(row: Provider, *, who: str) -> bool:
    """Has every process forget it; False, and nothing is noted, where nobody is there to tell
    them."""
    if not ports.filled().forget_repairs(row.name):
        return False
    words = ["what its models refuse is found out anew"]
    audit.record([audit.Act(ACTION, KIND, row.name, row.name, str(row.pk), words)], actor=who)
    return True
