"""What web processes tell each other of the repairs they have learned, by way of the collector."""

from __future__ import annotations

from typing import Final

import msgspec

MOST_PLACES: Final = 1024
"""Models that are remembered; the one that was learned first is forgotten first."""
MOST_FIXES: Final = 16
"""Fixes of one model."""


class SharedRepair(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One fix of one model."""

    provider: str
    """Casefolded."""
    base_url: str
    """A provider whose address changes is another one."""
    model: str
    repair: str
    value: str
    until: float
    """Unix time in seconds; then it is found out anew."""


class ForgottenPlace(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A model of which nothing holds any more, or a provider of none of whose models it does."""

    provider: str
    """Casefolded."""
    base_url: str = ""
    """Empty: every address."""
    model: str = ""
    """Empty: every model."""

    def holds(self, one: SharedRepair) -> bool:
        return (
            one.provider == self.provider
            and self.base_url in ("", one.base_url)
            and self.model in ("", one.model)
        )


class RepairNews(msgspec.Struct, frozen=True, array_like=True, tag="repairs"):
    """One datagram: what was found out not to hold any more, and then what was learned."""

    forgotten: tuple[ForgottenPlace, ...] = ()
    learned: tuple[SharedRepair, ...] = ()
