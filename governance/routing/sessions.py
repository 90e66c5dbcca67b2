"""A session sticks to its target, so that what the provider cached of its prompt is found. PURE.

A session's name is its caller's choice, so it counts within its key alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from governance.routing.breaker import HealthReader
from governance.routing.eligibility import EligibleTarget, status_of
from governance.routing.table import Profile, VirtualKey
from governance.strategies.strategy import Strategy

_SPAN: Final = float(1 << 64)


class Served(NamedTuple):
    """Who answered a session's last request."""

    provider: str
    """Casefolded."""
    model: str
    since: float
    """When that target answered it for the first time in a row; same clock as `now`."""


class SessionReader(Protocol):
    """Where routing reads what sessions have seen."""

    def served(self, session: str) -> Served | None:
        """Who answered the session last; None when nobody is remembered."""

    def recovered(self, provider: str, model: str) -> float:
        """When the target was last seen to answer after it had been failing."""


class _NothingSeen:
    def served(self, session: str) -> Served | None:
        return None

    def recovered(self, provider: str, model: str) -> float:
        return 0.0


NOTHING_SEEN: Final[SessionReader] = _NothingSeen()


def sticks(profile: Profile) -> bool:
    """Whether sessions have a choice there, and keep to it."""
    return profile.sticky_sessions and len(profile.targets) > 1


def session_in(profile: Profile, key: VirtualKey, session: str) -> str:
    """The session's name within its key and profile; empty where requests do not stick."""
    return f"{key.id}\n{profile.id}\n{session}" if session and sticks(profile) else ""


def lot(session: str, provider: str, model: str) -> float:
    """A number above 0 and up to 1 that is the session's for this target, on every node."""
    said = f"{session}\n{provider}\n{model}".encode(errors="replace")
    drawn = int.from_bytes(hashlib.blake2b(said, digest_size=8).digest(), "big")
    return (drawn + 1) / _SPAN


def stick(
    order: Sequence[EligibleTarget],
    strategy: Strategy,
    session: str,
    profile: Profile,
    sessions: SessionReader,
    health: HealthReader,
    now: float,
) -> tuple[Sequence[EligibleTarget], str]:
    """The order of a strategy with the session's own target in front, and what put it there:
    `hash`, `served`, or nothing."""
    if strategy.order_of_session is not None:
        drawn = strategy.order_of_session(order, lambda one: lot(session, one.provider, one.model))
        return drawn, "hash"
    known = sessions.served(session)
    if known is None or not order:
        return order, ""
    own = next((one for one in order if (one.provider, one.model) == known[:2]), None)
    if own is None or own is order[0] or not _healthy(own, health, now):
        return order, ""
    if strategy.is_fixed and _returns(order[0], known, profile, sessions, health, now):
        return order, ""
    return [own, *(one for one in order if one is not own)], "served"


def _returns(
    first: EligibleTarget,
    known: Served,
    profile: Profile,
    sessions: SessionReader,
    health: HealthReader,
    now: float,
) -> bool:
    """Whether the first choice has been healthy for so long that the session goes back to it."""
    since = max(known.since, sessions.recovered(first.provider, first.model))
    return _healthy(first, health, now) and now - since >= profile.return_after


def _healthy(one: EligibleTarget, health: HealthReader, now: float) -> bool:
    status = status_of(one, health)
    return status is None or (status.demoted(now) is None and status.share(now) >= 1.0)
