"""A provider takes long to begin its answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from math import ceil

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from governance.alerts.condition import AlertCondition, AlertRuleEntry, Finding, hour_of
from governance.alerts.signals import Signals


def find(rule: AlertRuleEntry, signals: Signals) -> Iterator[Finding]:
    times: dict[str, list[float]] = defaultdict(list)
    for one in signals.recent(rule.minutes):
        wanted = not rule.subject or one.provider.casefold() == rule.subject.casefold()
        if one.first_token_ms is not None and wanted:
            times[one.provider].append(one.first_token_ms / 1000)
    for provider, seconds in times.items():
        seconds.sort()
        slow = seconds[max(0, ceil(len(seconds) * 0.95) - 1)]
        if len(seconds) < rule.least or slow < (rule.threshold or 0):
            continue
        words = {"provider": provider, "slow": f"{slow:.1f}", "minutes": rule.minutes}
        yield Finding(
            cause=provider.casefold(),
            period=hour_of(signals.now),
            title=_("The provider %(provider)s is slow to begin its answers") % words,
            detail=_(
                "One of twenty answers in the last %(minutes)s minutes took %(slow)s seconds to "
                "its first token, or longer."
            )
            % words,
            value=round(slow, 3),
            kind="provider",
            subject=provider,
        )


CONDITION = AlertCondition(
    "first_token",
    gettext_noop("First tokens come late"),
    gettext_noop("Seconds within which 95 of 100 answers of a provider should have begun."),
    find,
    unit="seconds",
    watches="provider",
    threshold=5.0,
    least=20,
    rank=50,
)
