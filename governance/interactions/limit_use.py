"""What the ledger and the records say that was used of a limit."""

from __future__ import annotations

from datetime import UTC, datetime
from fnmatch import fnmatchcase
from math import inf
from typing import Any, Final

from django.db.models import QuerySet, Sum
from django.db.models.functions import Lower

from governance.limits import MEASURES
from governance.limits.counting.weights import weighted
from governance.limits.limit import LimitEntry
from governance.limits.measure import Consumption
from governance.limits.windows import Window
from governance.models.group import Group
from governance.models.usage_bucket import UsageBucket

_SUBJECTS: Final = {"key": "key_id", "profile": "profile_id"}
_TOKENS: Final = ("prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens")


def used_in_ledger(limit: LimitEntry, window: Window, scope: str = "") -> float:
    """The sum over the window, in the unit in which the limit counts.

    Of a limit that each key has for itself, `scope` names the key; empty: all of them.
    """
    # A copy takes nothing from what requests may use.
    rows = _within(UsageBucket.objects.filter(shadow=False), window)
    if limit.subject_type == "group":
        rows = rows.filter(group_id__in=family(limit.subject_id))
    elif limit.subject_type == "provider":
        rows = rows.annotate(place=Lower("provider")).filter(place=limit.subject_id)
    elif limit.subject_type in _SUBJECTS:
        rows = rows.filter(**{_SUBJECTS[limit.subject_type]: limit.subject_id})
    if limit.each == "key" and scope:
        rows = rows.filter(key_id=scope)
    if limit.provider:
        rows = rows.annotate(place=Lower("provider")).filter(place=limit.provider)
    if limit.model:
        names = rows.order_by().values_list("model", flat=True).distinct()
        glob = limit.model.casefold()
        rows = rows.filter(model__in=[one for one in names if fnmatchcase(one.casefold(), glob)])
    # What was refused here has no provider, and counts for no limit.
    return _summed(limit, rows.exclude(provider=""))


def _summed(limit: LimitEntry, rows: QuerySet[Any]) -> float:
    if limit.measure == "tokens" and limit.weighs:
        found = rows.aggregate(**{name: Sum(name) for name in _TOKENS})
        prompt, completion, cached, reasoning = (found[name] or 0 for name in _TOKENS)
        used = Consumption(prompt, completion, cached_tokens=cached, reasoning_tokens=reasoning)
        return weighted(limit, used)
    columns = MEASURES[limit.measure].in_ledger
    if limit.measure == "requests" and limit.of_target:
        columns = ("attempts",)
    found = rows.aggregate(**{name: Sum(name) for name in columns})
    return float(sum(found[name] or 0 for name in columns))


def _within(rows: QuerySet[Any], window: Window) -> QuerySet[Any]:
    if window.begin > 0:
        rows = rows.filter(start__gte=datetime.fromtimestamp(window.begin, UTC))
    if window.end != inf:
        rows = rows.filter(start__lt=datetime.fromtimestamp(window.end, UTC))
    return rows


def family(group: str) -> list[str]:
    """The group and those below it; usage is noted on the group the key was in."""
    found, queue = [group], [group]
    parents: dict[str, list[str]] = {}
    for identity, parent in Group.objects.order_by().values_list("pk", "parent_id"):
        parents.setdefault(parent or "", []).append(identity)
    while queue:
        below = [one for one in parents.get(queue.pop(), ()) if one not in found]
        found += below
        queue += below
    return found
