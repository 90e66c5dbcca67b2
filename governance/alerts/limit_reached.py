"""A limit is used up to a certain percent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from governance.alerts.condition import AlertCondition, AlertRuleEntry, Finding, hour_of
from governance.alerts.signals import LimitSituation, Signals
from governance.limits.counting.counter import CONCURRENT
from governance.limits.limit import SLIDING, LimitEntry
from governance.limits.windows import window_of
from governance.limits.words import amount_words


def find(rule: AlertRuleEntry, signals: Signals) -> Iterator[Finding]:
    for one in signals.limits:
        limit = one.limit
        if rule.subject and str(limit.id) != rule.subject:
            continue
        marks = (rule.threshold,) if rule.threshold is not None else limit.warn_at
        share = 100 * one.used / one.amount if one.amount else 100.0
        reached = sorted((mark for mark in marks if share >= mark), reverse=True)
        for place, mark in enumerate(reached):
            above = _cause(one, reached[place - 1]) if place else ""
            yield _finding(one, mark, above, share, signals)


def _finding(
    one: LimitSituation, mark: float, above: str, share: float, signals: Signals
) -> Finding:
    limit = one.limit
    words = {
        "limit": limit.name,
        "owner": _whose(one, signals),
        "share": f"{share:.0f}",
        "used": amount_words(limit, one.used),
        "amount": amount_words(limit, one.amount),
    }
    return Finding(
        cause=_cause(one, mark),
        period=_period(limit, signals.now),
        title=_('The limit "%(limit)s" of %(owner)s is used up to %(share)s %%') % words,
        detail=_("%(used)s of %(amount)s are used.") % words,
        value=round(share, 2),
        kind="limit",
        subject=str(limit.id),
        said_by=above,
    )


def _cause(one: LimitSituation, mark: float) -> str:
    return f"{one.limit.id}/{mark:g}/{one.scope}"


def _period(limit: LimitEntry, now: datetime) -> str:
    if limit.window in SLIDING or limit.measure == CONCURRENT:
        return hour_of(now)
    window = window_of(
        limit.window,
        now.timestamp(),
        zone=limit.time_zone,
        day=limit.window_day,
        hour=limit.window_hour,
    )
    return f"{datetime.fromtimestamp(window.begin, UTC):%Y-%m-%dT%H:%M}"


def over(cause: str, period: str, signals: Signals) -> bool:
    """A counter that nobody touches is as it was, until its window is over.

    Only the node that carries its requests tells of it, so another one must not take its silence
    for the end.
    """
    identity, _mark, scope = cause.split("/", 2)
    limit = signals.limits_in_force.get(int(identity))
    if limit is None:
        return True
    if any(one.limit.id == limit.id and one.scope == scope for one in signals.limits):
        return True
    if limit.window in SLIDING or limit.measure == CONCURRENT:
        return period < hour_of(signals.now - timedelta(hours=1))
    return period != _period(limit, signals.now)


def _whose(one: LimitSituation, signals: Signals) -> str:
    if one.limit.each == "key":
        return _('the API key "%(name)s"') % {"name": signals.key_name(one.scope)}
    if one.limit.each == "session":
        key, _slash, session = one.scope.partition("/")
        named = {"name": signals.key_name(key), "session": session}
        return _('the session %(session)s of the API key "%(name)s"') % named
    return one.limit.owner


CONDITION = AlertCondition(
    "limit_reached",
    gettext_noop("A limit is nearly used up"),
    gettext_noop("Without a percent each limit's own “warn at” counts."),
    find,
    unit="percent",
    watches="limit",
    threshold=None,
    rank=10,
    ends_with_period=True,
    over=over,
)
