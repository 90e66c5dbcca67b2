"""Much more is spent than at the same time a week before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from governance.alerts.condition import AlertCondition, AlertRuleEntry, Finding
from governance.alerts.signals import Signals
from governance.limits.limit import MICRO

WEEK: Final = timedelta(days=7)
QUARTER: Final = 15
"""Minutes that the ledger tells apart."""


def find(rule: AlertRuleEntry, signals: Signals) -> Iterator[Finding]:
    end = _quarter_hour(signals.now)
    begin = end - timedelta(minutes=max(rule.minutes, QUARTER))
    spent = signals.spent(begin, end, rule.subject)
    before = signals.spent(begin - WEEK, end - WEEK, rule.subject)
    if spent < rule.least * MICRO or not spent:
        return
    more = 100 * (spent - before) / before if before else float("inf")
    if rule.threshold is None or more < rule.threshold:
        return
    words = {
        "whose": _("everybody")
        if not rule.subject
        else _('the group "%(name)s"') % {"name": signals.group_name(rule.subject)},
        "spent": f"${spent / MICRO:,.2f}",
        "before": f"${before / MICRO:,.2f}",
        "hours": f"{(end - begin) / timedelta(hours=1):g}",
    }
    yield Finding(
        cause=rule.subject or "everything",
        period=f"{signals.now:%Y-%m-%d}",
        title=_("The spending of %(whose)s has jumped") % words,
        detail=_(
            "%(spent)s in the last %(hours)s hours, against %(before)s at the same time a week "
            "before."
        )
        % words,
        value=min(round(more, 2), 1e9),
        kind="group" if rule.subject else "",
        subject=rule.subject,
    )


def _quarter_hour(moment: datetime) -> datetime:
    minute = moment.minute // QUARTER * QUARTER
    return moment.replace(minute=minute, second=0, microsecond=0)


CONDITION = AlertCondition(
    "spend_jump",
    gettext_noop("Spending jumps against the week before"),
    gettext_noop("By how many percent more is spent than at the same time a week before."),
    find,
    unit="percent",
    watches="group",
    threshold=100.0,
    minutes=24 * 60,
    least=1.0,
    rank=20,
)
