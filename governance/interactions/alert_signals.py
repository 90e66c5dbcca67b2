"""What alerts look at, from the log and the ledger: every node sees the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Sum

from governance.alerts.signals import LimitSituation, RecentAttempt, RecentRequest
from governance.interactions.limit_use import family
from governance.limits.limit import LimitEntry
from governance.models.api_key import ApiKey
from governance.models.group import Group
from governance.models.interaction import Interaction
from governance.models.usage_bucket import UsageBucket
from governance.routing.breaker import COUNTED

MOST: Final = 5_000
"""Requests that are looked at; of more the latest."""
_COLUMNS: Final = (
    *("profile_id", "profile_name", "provider", "fallback", "first_token_ms", "attempts"),
)


class LogSignals:
    """As of one moment."""

    def __init__(
        self,
        now: datetime,
        limits: Sequence[LimitSituation] = (),
        limits_in_force: Mapping[int, LimitEntry] | None = None,
    ) -> None:
        self.now, self.limits = now, limits
        self.limits_in_force: Mapping[int, LimitEntry] = limits_in_force or {}
        self._recent: dict[int, list[RecentRequest]] = {}
        self._spent: dict[tuple[datetime, datetime, str], int] = {}

    def recent(self, minutes: int) -> Sequence[RecentRequest]:
        found = self._recent.get(minutes)
        if found is None:
            begin = self.now - timedelta(minutes=minutes)
            rows = Interaction.objects.filter(time__gte=begin, time__lte=self.now)
            rows = rows.exclude(outcome="refused").order_by("-time", "-id")
            values = rows.values_list(*_COLUMNS)[:MOST]
            found = self._recent[minutes] = [_request(*row) for row in values]
        return found

    def spent(self, begin: datetime, end: datetime, group: str) -> int:
        key = begin, end, group
        if key not in self._spent:
            rows = UsageBucket.objects.filter(start__gte=begin, start__lt=end)
            if group:
                rows = rows.filter(group_id__in=family(group))
            self._spent[key] = rows.aggregate(cost=Sum("cost_micro_usd"))["cost"] or 0
        return self._spent[key]

    def key_name(self, identity: str) -> str:
        return str(
            ApiKey.objects.filter(pk=identity).values_list("name", flat=True).first() or identity
        )

    def group_name(self, identity: str) -> str:
        return str(
            Group.objects.filter(pk=identity).values_list("name", flat=True).first() or identity
        )


def _request(
    profile_id: str,
    profile_name: str,
    provider: str,
    fallback: str,
    first_token_ms: float | None,
    attempts: Sequence[Mapping[str, Any]],
) -> RecentRequest:
    return RecentRequest(
        profile_id,
        profile_name,
        provider,
        fallback != "none",
        first_token_ms,
        tuple(
            RecentAttempt(one["provider"], one["outcome"] != "ok", one["code"])
            for one in attempts
            if one["outcome"] == "ok" or one["outcome"] in COUNTED
        ),
    )
