"""What an operator is told of the collector. Plain values, no IO."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.collector.status import COMMAND, LATE_SECONDS, RECENT_SECONDS, Status, is_away
from gateway.console.monitoring.attention import Attention


def collector_attention(status: Status | None, now: float) -> Iterator[Attention]:
    """`status`: what it last said; `now` is Unix time in seconds."""
    if status is None or is_away(status, now):
        yield Attention(
            "warn",
            "collector_away",
            "The collector is not running",
            "Requests are answered and wait in the log on disk, but this page, usage and metrics "
            f"stand still. `manage.py up` starts it by itself; elsewhere run: {COMMAND}",
        )
    elif status.trouble:
        yield Attention(
            "bad",
            "collector_stuck",
            "Records do not reach the database",
            f"{status.trouble}. Requests are answered and wait in the log on disk, "
            f"{status.backlog / 1_000_000:,.1f} MB so far.",
        )
    elif status.lag > LATE_SECONDS:
        yield Attention(
            "warn",
            "collector_late",
            f"Records reach the database {status.lag:,.0f} seconds late",
            "More requests end than the database takes rows. Nothing is lost meanwhile.",
        )
    if status is not None and status.lost and now - status.lost_at < RECENT_SECONDS:
        yield Attention(
            "bad",
            "records_lost",
            f"{status.lost:,} {'record' if status.lost == 1 else 'records'} of requests were lost",
            "The disk was full, or a process was killed; the metric "
            "pointsman_interactions_dropped_total says which. The requests were answered.",
        )
