"""The rules between the fields of groups and limits, and between groups; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from governance.limits import MEASURES
from governance.limits.limit import SLIDING
from governance.limits.windows import known_zone
from governance.routing.fields import Problem
from governance.texts import gettext

DEEPEST: Final = 4
"""Levels of groups."""
_CALENDAR_DAYS: Final = ("month", "quarter", "year")

Values = Mapping[str, Any]
OtherGroup = tuple[str, str, str | None]
"""Id, name and parent of another group."""


def group_problems(values: Values, *, others: Iterable[OtherGroup] = ()) -> Iterator[Problem]:
    """Names are unique whatever their case; groups form trees that are not too deep."""
    known = {identity: (name, parent or "") for identity, name, parent in others}
    name, parent = values["name"], values.get("parent_id", values.get("parent")) or ""
    if name and name.casefold() in {one.casefold() for one, _ in known.values()}:
        yield Problem(
            "name",
            "unique",
            gettext('Another group already has the name "%(name)s".') % {"name": name},
        )
    if not parent:
        return
    own = values.get("id") or ""
    if own and (parent == own or own in _above(parent, known)):
        yield Problem("parent", "circle", gettext("A group can not stand above itself."))
    elif parent not in known:
        yield Problem(
            "parent",
            "unknown_group",
            gettext('There is no group with the id "%(parent)s".') % {"parent": parent},
        )
    elif len(_above(parent, known)) + 2 + _height(own, known) > DEEPEST:
        message = gettext("Groups are at most %(deepest)s levels deep.") % {"deepest": DEEPEST}
        yield Problem("parent", "too_deep", message)


def _above(identity: str, known: Mapping[str, tuple[str, str]]) -> list[str]:
    """The groups above this one, the nearest first."""
    found: list[str] = []
    while identity in known and (identity := known[identity][1]) and identity not in found:
        found.append(identity)
    return found


def _height(identity: str, known: Mapping[str, tuple[str, str]]) -> int:
    """Levels below the group."""
    if not identity:
        return 0
    return max(
        (_above(one, known).index(identity) + 1 for one in known if identity in _above(one, known)),
        default=0,
    )


def limit_problems(values: Values) -> Iterator[Problem]:
    """What a limit counts, for whom and in which windows goes together.

    `values` are the model's columns, some of which may be wrong already.
    """
    yield from _subject(values)
    yield from _window(values)
    measure = values["measure"]
    if measure and measure not in MEASURES:
        return
    if values["unpriced_mode"] == "rate" and values["unpriced_rate"] is None:
        message = gettext("unpriced.rate is required where unpriced.mode is rate.")
        yield Problem("unpriced.rate", "required", message)


def _subject(values: Values) -> Iterator[Problem]:
    kind, identity = values["subject_type"], values["subject_id"]
    if kind == "everything":
        if identity:
            yield Problem("subject.id", "forbidden", gettext("Everything has no subject.id."))
    elif kind and not identity:
        yield Problem(
            "subject.id",
            "required",
            gettext("subject.id is required for a %(kind)s.") % {"kind": kind},
        )
    if kind == "key" and values["each"] == "key":
        message = gettext("A limit of one key can not be one for each key.")
        yield Problem("each", "choice", message)
    if kind == "provider" and values["provider"]:
        message = gettext("A limit of a provider counts that provider alone: leave provider blank.")
        yield Problem("provider", "forbidden", message)


def _window(values: Values) -> Iterator[Problem]:
    window, day, hour = values["window"], values["window_day"], values["window_hour"]
    zone = values["time_zone"]
    if zone and not known_zone(zone):
        message = gettext('time_zone "%(zone)s" is not known: write it as in Europe/Berlin.') % {
            "zone": zone
        }
        yield Problem("time_zone", "unknown_time_zone", message)
    if window == "week" and isinstance(day, int) and day > 7:
        message = gettext("window_start.day of a week goes from 1 for Monday to 7 for Sunday.")
        yield Problem("window_start.day", "range", message)
    if (window in SLIDING or window in ("day", "total")) and day and day != 1:
        message = gettext("A window of the kind %(window)s has no window_start.day.") % {
            "window": window
        }
        yield Problem("window_start.day", "forbidden", message)
    if (window in SLIDING or window == "total") and hour:
        message = gettext("A window of the kind %(window)s has no window_start.hour.") % {
            "window": window
        }
        yield Problem("window_start.hour", "forbidden", message)
