"""What an operator is told of the collector. Plain values, no IO."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext, ngettext

from gateway.collector.status import COMMAND, LATE_SECONDS, RECENT_SECONDS, Status, is_away
from gateway.console.monitoring.attention import Attention


def collector_attention(status: Status | None, now: float) -> Iterator[Attention]:
    """`status`: what it last said; `now` is Unix time in seconds."""
    if status is None or is_away(status, now):
        yield Attention(
            "warn",
            "collector_away",
            gettext("The collector is not running"),
            gettext(
                "Requests are answered and wait in the log on disk, but this page, usage "
                "and metrics stand still. `manage.py up` starts it by itself; elsewhere "
                "run: %(command)s"
            )
            % {"command": COMMAND},
        )
    elif status.trouble:
        yield Attention(
            "bad",
            "collector_stuck",
            gettext("Records do not reach the database"),
            gettext(
                "%(trouble)s. Requests are answered and wait in the log on disk, "
                "%(backlog)s MB so far."
            )
            % {"trouble": status.trouble, "backlog": f"{status.backlog / 1_000_000:,.1f}"},
        )
    elif status.lag > LATE_SECONDS:
        yield Attention(
            "warn",
            "collector_late",
            gettext("Records reach the database %(lag)s seconds late")
            % {"lag": f"{status.lag:,.0f}"},
            gettext("More requests end than the database takes rows. Nothing is lost meanwhile."),
        )
    if status is not None and status.lost and now - status.lost_at < RECENT_SECONDS:
        yield Attention(
            "bad",
            "records_lost",
            ngettext(
                "%(count)s record of requests was lost",
                "%(count)s records of requests were lost",
                status.lost,
            )
            % {"count": f"{status.lost:,}"},
            gettext(
                "The disk was full, or a process was killed; the metric "
                "pointsman_interactions_dropped_total says which. The requests were "
                "answered."
            ),
        )
