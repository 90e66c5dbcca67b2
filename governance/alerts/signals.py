"""What conditions look at: traffic of the last minutes, money, and how much of limits is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from governance.limits.limit import LimitEntry


class LimitSituation(NamedTuple):
    """One counter of one limit at one moment, in the unit in which the limit counts."""

    limit: LimitEntry
    scope: str
    """The key or the session that has the amount for itself; empty: all share it."""
    used: float
    amount: float
    begin: float
    """Of the window, Unix time in seconds; 0 where it slides or never ends."""


@dataclass(frozen=True, slots=True)
class RecentAttempt:
    """One attempt at a provider."""

    provider: str
    failed: bool
    code: str


@dataclass(frozen=True, slots=True)
class RecentRequest:
    """One request of the last minutes that was not refused by the gateway."""

    profile_id: str
    profile_name: str
    provider: str
    fallback: bool
    """Another target answered than the first choice, or local inference did."""
    first_token_ms: float | None
    attempts: tuple[RecentAttempt, ...]


class Signals(Protocol):
    """Each is asked for at most once an evaluation; nothing of it changes meanwhile."""

    @property
    def now(self) -> datetime: ...

    @property
    def limits(self) -> Sequence[LimitSituation]:
        """Of the counters that requests of this node touched lately."""

    @property
    def limits_in_force(self) -> Mapping[int, LimitEntry]:
        """By id."""

    def recent(self, minutes: int) -> Sequence[RecentRequest]:
        """The latest requests, the newest first; of very many the newest only."""

    def spent(self, begin: datetime, end: datetime, group: str) -> int:
        """Millionths of a US dollar; of a group and those below it, or of all."""

    def key_name(self, identity: str) -> str:
        """What a key is called; its id where it is gone."""

    def group_name(self, identity: str) -> str:
        """What a group is called; its id where it is gone."""
