"""Conversations and agent runs: the latest ones, and the turns of one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Max, Min, Q, Sum

from gateway.console.interactions.columns import COLUMNS
from gateway.console.interactions.listing import ListedCell, shown
from governance.change_summary.times import readable_time
from governance.interactions.ledger import NO_ERROR
from governance.models import Interaction

LOOKED_AT: Final = 2_000
"""The latest requests of sessions, among which the latest sessions are found."""
SHOWN: Final = 50
TOLD: Final = ("outcome", "target", "first_token", "duration", "tokens", "cached", "cost")
TURNS: Final = 200
"""Of one session, the latest."""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session of the list."""

    session: str
    turns: int
    errors: int
    first: datetime
    last: datetime
    took: str
    key: str
    tokens: int
    cached: int
    cost: float | None


@dataclass(frozen=True, slots=True)
class SessionTurn:
    """One request of a session, and how long after the one before it began."""

    row: Interaction
    cells: tuple[ListedCell, ...]
    """Those of `TOLD`."""
    gap: str
    begin: float
    width: float
    """On a line that is the session and 100 long."""


@dataclass(frozen=True, slots=True)
class SessionTurns:
    """One session: its sums, and its requests in the order of time."""

    summary: SessionRow
    turns: tuple[SessionTurn, ...]
    earlier: int
    """Turns before those."""


def latest_sessions() -> list[SessionRow]:
    """Those that were at work last, by two bounded queries."""
    rows = Interaction.objects.filter(session__gt="").order_by("-time", "-id")
    latest = dict.fromkeys(rows.values_list("session", flat=True)[:LOOKED_AT])
    return _summed(list(latest)[:SHOWN])


def turns_of(session: str) -> SessionTurns | None:
    """None where there is no such session."""
    found = _summed([session])
    if not found:
        return None
    summary = found[0]
    rows = Interaction.objects.filter(session=session, session__gt="")
    latest = list(rows.order_by("-time", "-id").defer("decision", "attempts", "features")[:TURNS])
    latest.reverse()
    return SessionTurns(summary, tuple(_turns(latest)), summary.turns - len(latest))


def _summed(sessions: Sequence[str]) -> list[SessionRow]:
    rows = Interaction.objects.order_by().filter(session__in=sessions, session__gt="")
    found = {
        row["session"]: SessionRow(
            row["session"],
            row["turns"],
            row["errors"],
            row["first"],
            row["last"],
            lasting(row["last"] - row["first"]),
            row["key"],
            (row["prompt"] or 0) + (row["completion"] or 0),
            row["cached"] or 0,
            # What has no known price is not for free.
            row["cost"] if row["cost"] or not row["unpriced"] else None,
        )
        for row in rows.values("session").annotate(
            turns=Count("pk"),
            errors=Count("pk", filter=~Q(outcome__in=NO_ERROR)),
            first=Min("time"),
            last=Max("time"),
            key=Max("key_name"),
            prompt=Sum("prompt_tokens"),
            completion=Sum("completion_tokens"),
            cached=Sum("cached_tokens"),
            cost=Sum("cost_usd"),
            unpriced=Count("pk", filter=Q(prompt_tokens__isnull=False, cost_usd__isnull=True)),
        )
    }
    return [found[one] for one in sessions if one in found]


def _turns(rows: Sequence[Interaction]) -> list[SessionTurn]:
    if not rows:
        return []
    begin = rows[0].time
    ends = max(row.time + timedelta(milliseconds=row.duration_ms) for row in rows)
    whole = max((ends - begin).total_seconds(), 0.001)
    found, before = [], None
    for row in rows:
        at = (row.time - begin).total_seconds() / whole * 100
        width = max(row.duration_ms / 1000 / whole * 100, 0.4)
        gap = "" if before is None else lasting(row.time - before)
        cells = shown(row, [COLUMNS[name] for name in TOLD]).cells
        left = round(max(0.0, min(at, 100 - width)), 2)
        found.append(SessionTurn(row, cells, gap, left, round(min(width, 100), 2)))
        before = row.time
    return found


def lasting(length: timedelta) -> str:
    """`850 ms`, `42.10 s`, `5 min 7 s`, `3 h 12 min`."""
    seconds = length.total_seconds()
    if seconds < 60:
        return readable_time(seconds * 1000)
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
