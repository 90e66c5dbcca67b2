"""Many requests of a profile are answered by another target than the first choice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from governance.alerts.condition import AlertCondition, AlertRuleEntry, Finding, hour_of, percent
from governance.alerts.signals import RecentRequest, Signals


def find(rule: AlertRuleEntry, signals: Signals) -> Iterator[Finding]:
    requests: dict[str, list[RecentRequest]] = defaultdict(list)
    for one in signals.recent(rule.minutes):
        if not rule.subject or one.profile_id == rule.subject:
            requests[one.profile_id].append(one)
    for profile, all_of_it in requests.items():
        fell = sum(one.fallback for one in all_of_it)
        share = 100 * fell / len(all_of_it)
        if len(all_of_it) < rule.least or not fell or share < (rule.threshold or 0):
            continue
        words = {
            "profile": all_of_it[0].profile_name or _("no profile"),
            "fell": f"{fell:,}",
            "all": f"{len(all_of_it):,}",
            "share": percent(share),
            "minutes": rule.minutes,
        }
        yield Finding(
            cause=profile,
            period=hour_of(signals.now),
            title=_("%(share)s of the requests of %(profile)s fall back") % words,
            detail=_(
                "Of %(all)s requests in the last %(minutes)s minutes the first choice did not "
                "answer %(fell)s."
            )
            % words,
            value=round(share, 2),
            kind="profile" if profile else "",
            subject=profile,
        )


CONDITION = AlertCondition(
    "fallback_share",
    gettext_noop("Many requests fall back"),
    gettext_noop("How many percent of a profile's requests the first choice does not answer."),
    find,
    unit="percent",
    watches="profile",
    threshold=20.0,
    least=20,
    rank=40,
)
