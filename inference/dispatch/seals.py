"""Seals made with this installation's secrets."""

from __future__ import annotations

from django.conf import settings

from governance.routing.table import VirtualKey
from inference.values.seal import Seal, secrets_of


def seal_for(key: VirtualKey | None, holder: str) -> Seal:
    """How ids of this holder are sealed for a key."""
    ring = secrets_of(tuple(settings.ENCRYPTION_KEYS))
    return Seal(ring, key.id if key is not None else "", holder)
