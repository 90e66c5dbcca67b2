"""What a limit would have refused of the requests in the log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.utils.translation import gettext, ngettext

from governance.errors import check
from governance.interactions.limit_use import used_in_ledger
from governance.limits.counting.binding import Who, groups_above
from governance.limits.limit import LimitEntry
from governance.limits.measure import Consumption
from governance.limits.windows import Window
from governance.load_limits import limit_of
from governance.models import ApiKey, Group, Interaction, Limit
from governance.serializers import LimitSerializer
from governance.services.budgets import limit_problems
from governance.what_if.limit_replay import LimitReplay, PastAttempt, PastUse, replay_limit

WEEK: Final = timedelta(days=7)
MOST: Final = 50_000
"""Requests that are looked at; of more the latest."""
NAMED: Final = 20
"""Keys that are told by name, those with the most refused requests first."""
_COLUMNS: Final = (
    *("time", "duration_ms", "key_id", "group_id", "profile_id", "session", "attempts"),
)


@dataclass(frozen=True, slots=True)
class ReplayedLimit:
    """What came of it."""

    begin: datetime
    end: datetime
    found: LimitReplay
    complete: bool
    """False where there were more requests than are looked at."""
    keys: Sequence[tuple[str, str, int]]
    """Id, name and refused requests."""

    @property
    def words(self) -> str:
        """`From … to … this limit would have refused 213 of 4,000 requests, of 4 keys.`"""
        found = self.found
        verb = {
            "refuse": gettext("kept from their target")
            if found.limit.of_target
            else gettext("refused"),
            "warn": gettext("warned of"),
            "divert": gettext("diverted"),
        }[found.limit.enforcement]
        keys = len(found.keys)
        whose = (
            ngettext(", of %(keys)s key", ", of %(keys)s keys", keys) % {"keys": f"{keys:,}"}
            if found.refused
            else ""
        )
        return gettext(
            "From %(begin)s to %(end)s UTC this limit would have %(verb)s %(refused)s "
            "of %(bound)s requests%(whose)s."
        ) % {
            "begin": f"{self.begin:%Y-%m-%d %H:%M}",
            "end": f"{self.end:%Y-%m-%d %H:%M}",
            "verb": verb,
            "refused": f"{found.refused:,}",
            "bound": f"{found.bound:,}",
            "whose": whose,
        }


def replay_of_limit(
    document: object,
    begin: datetime,
    end: datetime,
    *,
    existing: int | None = None,
) -> ReplayedLimit:
    """Counts the requests that arrived in that time by the limit that the document describes.

    Of an `existing` one its extra amounts count too. Raises `Invalid`.
    """
    row = Limit(pk=existing or 0)
    check(limit_problems(document, row))
    assert isinstance(document, Mapping)
    LimitSerializer.fill(row, document)
    limit = replace(limit_of(row), enabled=True)
    rows = Interaction.objects.filter(time__gte=begin, time__lt=end).exclude(provider="")
    latest = list(rows.order_by("-time", "-id").values_list(*_COLUMNS)[: MOST + 1])
    complete = len(latest) <= MOST
    latest = latest[:MOST]
    since = begin if complete or not latest else latest[-1][0]
    found = replay_limit(limit, _uses(reversed(latest)), _before(limit, since))
    return ReplayedLimit(since, end, found, complete, _named(found))


def _named(found: LimitReplay) -> list[tuple[str, str, int]]:
    worst = found.keys.most_common(NAMED)
    names = dict(ApiKey.objects.filter(pk__in=[one for one, _ in worst]).values_list("pk", "name"))
    return [(key, names.get(key, key), count) for key, count in worst]


def _before(limit: LimitEntry, since: datetime) -> Any:
    """The ledger's sum from a window's begin until then; it knows quarter hours."""
    first = since.timestamp()

    def used(window: Window, scope: str) -> float:
        if window.begin >= first:
            return 0.0
        return used_in_ledger(limit, Window(window.begin, min(window.end, first)), scope)

    return used


def _uses(rows: Any) -> Iterator[PastUse]:
    parents = dict(Group.objects.order_by().values_list("pk", "parent_id"))
    for time, duration, key, group, profile, session, attempts in rows:
        began = time.timestamp()
        groups = groups_above(group, parents.get)
        tried = tuple(
            PastAttempt(one["provider"].casefold(), one["model"], _used(one)) for one in attempts
        )
        yield PastUse(began, began + duration / 1000, Who(key, groups, profile, session), tried)


def _used(attempt: Mapping[str, Any]) -> Consumption | None:
    usage = attempt.get("usage")
    if usage is None:
        return None
    return Consumption(
        usage.get("prompt_tokens", 0),
        usage.get("completion_tokens", 0),
        attempt.get("cost_usd"),
        cached_tokens=usage.get("cached_tokens", 0),
        reasoning_tokens=usage.get("reasoning_tokens", 0),
        units=usage.get("units"),
    )


def last_week(now: datetime | None = None) -> tuple[datetime, datetime]:
    """Where nobody says from when."""
    end = now or datetime.now(UTC)
    return end - WEEK, end
