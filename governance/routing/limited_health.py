"""How candidates fare for one request: what the provider says, and what limits say."""

from __future__ import annotations

from typing import Any, Final, Protocol

from governance.routing.breaker import HealthReader, HealthStatus

BELOW_ALL: Final = 99.999
"""Percent. A limit of a key that is used up refuses the request; it skips no target."""


class Shares(Protocol):
    def shares(self, provider: str, model: str) -> dict[str, float]:
        """Percent used by the word of each threshold."""
        ...


class LimitedHealth:
    """`HealthBook` for one request: what its limits say of a candidate counts beside what the
    provider says."""

    __slots__ = ("_book", "_limits")

    def __init__(self, book: HealthReader, limits: Shares) -> None:
        self._book, self._limits = book, limits

    def status(self, provider: str, model: str) -> HealthStatus | None:
        status = self._book.status(provider, model)
        shares = self._limits.shares(provider, model)
        if not shares:
            return status
        changes: dict[str, Any] = {}
        for word, percent in shares.items():
            told = None if status is None else status.reported(word)
            if told is None or percent >= told.percent:
                changes[f"{word}_percent"] = percent
                if word != "budget":
                    changes[f"{word}_until"] = float("inf")
        return (status or HealthStatus())._replace(**changes)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._book, name)
