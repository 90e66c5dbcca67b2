"""A large share of the attempts at a provider fails."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from governance.alerts.condition import AlertCondition, AlertRuleEntry, Finding, hour_of, percent
from governance.alerts.signals import RecentAttempt, Signals


def find(rule: AlertRuleEntry, signals: Signals) -> Iterator[Finding]:
    attempts: dict[str, list[RecentAttempt]] = defaultdict(list)
    for request in signals.recent(rule.minutes):
        for one in request.attempts:
            if not rule.subject or one.provider.casefold() == rule.subject.casefold():
                attempts[one.provider].append(one)
    for provider, tried in attempts.items():
        failed = [one for one in tried if one.failed]
        share = 100 * len(failed) / len(tried)
        if len(tried) < rule.least or not failed or share < (rule.threshold or 0):
            continue
        words = {
            "provider": provider,
            "failed": f"{len(failed):,}",
            "tried": f"{len(tried):,}",
            "share": percent(share),
            "minutes": rule.minutes,
            "code": failed[0].code.replace("_", " "),
        }
        yield Finding(
            cause=provider.casefold(),
            period=hour_of(signals.now),
            title=_("The provider %(provider)s is failing") % words,
            detail=_(
                "%(failed)s of %(tried)s attempts in the last %(minutes)s minutes failed "
                "(%(share)s), the latest: %(code)s."
            )
            % words,
            value=round(share, 2),
            kind="provider",
            subject=provider,
        )


CONDITION = AlertCondition(
    "provider_failing",
    gettext_noop("A provider is failing"),
    gettext_noop("How many percent of the attempts at it fail, those another target mended too."),
    find,
    unit="percent",
    watches="provider",
    threshold=50.0,
    least=5,
    rank=30,
)
