"""Limits and prices as the values that requests are counted by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

from django.db.models import Model, QuerySet

from governance import frozen, models
from governance.limits.counting.binding import LimitIndex
from governance.limits.limit import SLIDING, SUBJECTS, Extra, LimitEntry
from governance.limits.windows import after, window_of
from governance.many_rows import ManyRows, read
from governance.routing.table import ModelPriceEntry, VirtualKey

_LIMITS: Final = ManyRows(
    frozen.LIMIT, own=("id", "name", "subject_id"), computed=("extras", "subject_name")
)
_SUBJECTS: Final[Mapping[str, tuple[str, type[Model]]]] = {
    "key": ("keys", models.ApiKey),
    "group": ("limits", models.Group),
    "profile": ("profiles", models.RoutingProfile),
}
"""By the type of a limit's subject: the section of the table that says when one changed, and its
model."""

Granted = Mapping[int, list[tuple[Any, datetime, int]]]
"""Amount, start and windows of what is granted on top of a limit, by its id."""


class Subject(Protocol):
    """Whose limit it is, as people know it."""

    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...


class NamedSubject(NamedTuple):
    id: str
    name: str


Subjects = Mapping[str, Mapping[str, Subject]]
"""By the type of subject and by their ids."""


def load_limits(keys: Iterable[VirtualKey] | None = None) -> LimitIndex:
    """Every limit that is switched on. The names of `keys` are known already."""
    rows = models.Limit.objects.filter(enabled=True)
    found: dict[str, Mapping[str, Subject]] = {}
    for kind in _SUBJECTS:
        if kind == "key" and keys is not None:
            found[kind] = {one.id: one for one in keys}
        else:
            found[kind] = _subjects(kind, rows)
    return LimitIndex(_entries(rows, found, _granted()))


def follow_limits(held: LimitIndex, since: int, changed: Collection[str]) -> LimitIndex:
    """The limits of `held`, brought up to date with what was saved after the version `since`.

    `changed` are the sections of the table that were.
    """
    anew: dict[int, LimitEntry] = {}
    gone: set[int] = set()
    if "limits" in changed:
        granted = _granted()
        rows = models.Limit.objects.filter(changed_in__gt=since)
        gone = set(rows.values_list("pk", flat=True)) & held.by_id.keys()
        rows = rows.filter(enabled=True)
        found = {kind: _subjects(kind, rows) for kind in _SUBJECTS}
        anew = {one.id: one for one in _entries(rows, found, granted)}
        anew |= _granted_anew(held, granted, gone)
        deleted = _deleted(held, gone, anew)
        gone |= deleted
        anew = {identity: one for identity, one in anew.items() if identity not in deleted}
    if held:
        anew |= _renamed(held, since, changed, {*gone, *anew})
    return held.changed(gone, anew) if anew or gone else held


def _granted_anew(
    held: LimitIndex, granted: Granted, but: Collection[int]
) -> dict[int, LimitEntry]:
    """Limits that did not change themselves, but what is granted on top of them."""
    found = {}
    for one in [one for one in held.by_id.values() if one.extras or one.id in granted]:
        if one.id not in but:
            extras = _extras(one, granted)
            if extras != one.extras:
                found[one.id] = replace(one, extras=extras)
    return found


def _deleted(held: LimitIndex, gone: Collection[int], anew: Collection[int]) -> set[int]:
    """Limits that are no longer there; they are looked for only where some are missing."""
    rows = models.Limit.objects.filter(enabled=True).order_by()
    added = sum(identity in gone or identity not in held.by_id for identity in anew)
    if rows.count() == len(held.by_id) - len(gone) + added:
        return set()
    return held.by_id.keys() - set(rows.values_list("pk", flat=True))


def _renamed(
    held: LimitIndex, since: int, changed: Collection[str], but: Collection[int]
) -> dict[int, LimitEntry]:
    """Limits whose subject is called otherwise now."""
    found = {}
    for kind, (section, model) in _SUBJECTS.items():
        if section not in changed:
            continue
        rows = model._default_manager.filter(changed_in__gt=since).order_by()
        for identity, name in rows.values_list("pk", "name"):
            for one in held.of_subject(kind, identity):
                if one.subject_name != name and one.id not in but:
                    found[one.id] = replace(one, subject_name=name)
    return found


def load_prices() -> tuple[ModelPriceEntry, ...]:
    """What operators say that models cost."""
    rows = models.ModelPrice.objects.order_by("pk").values_list(*frozen.PRICE.columns)
    return tuple(map(frozen.PRICE.build, rows))


def limit_of(row: models.Limit) -> LimitEntry:
    """The value of one row."""
    extras = {row.pk: list(row.extra_amounts.values_list("amount", "starts_at", "windows"))}
    one = frozen.LIMIT.of(row)
    name = one.subject_id
    if one.subject_type in _SUBJECTS:
        rows = _SUBJECTS[one.subject_type][1]._default_manager.filter(pk=one.subject_id)
        name = rows.values_list("name", flat=True).first() or ""
    return _finished(replace(one, subject_name=name), extras)


def _entries(
    rows: QuerySet[models.Limit], subjects: Subjects, granted: Granted
) -> Iterator[LimitEntry]:
    build = _LIMITS.builder()
    for kind in SUBJECTS:
        known = subjects.get(kind, {})
        for row in read(rows.filter(subject_type=kind).order_by("pk"), _LIMITS.columns):
            _, identity, name, subject = row[:4]
            found = known.get(subject)
            # Texts are the subject's own, so that they are kept once.
            of, called = (subject, subject) if found is None else (found.id, found.name)
            yield _finished(build((identity, name, of), row[4:], (), called), granted)


def _finished(one: LimitEntry, granted: Granted) -> LimitEntry:
    """With what is granted on top of it, and names as they are compared."""
    if one.subject_type == "provider":
        one = replace(one, subject_id=one.subject_id.casefold())
    if one.provider:
        one = replace(one, provider=one.provider.casefold())
    return replace(one, extras=_extras(one, granted)) if one.id in granted else one


def _subjects(kind: str, limits: QuerySet[models.Limit]) -> Mapping[str, Subject]:
    """Of this type, those that these limits are of."""
    wanted = limits.filter(subject_type=kind).order_by().values("subject_id")
    return dict(_named(_SUBJECTS[kind][1]._default_manager.filter(pk__in=wanted)))


def _named(rows: QuerySet[Any]) -> Iterator[tuple[str, NamedSubject]]:
    for identity, name in rows.order_by().values_list("pk", "name"):
        yield identity, NamedSubject(identity, name)


def _granted() -> Granted:
    found: dict[int, list[tuple[Any, datetime, int]]] = defaultdict(list)
    rows = models.LimitGrant.objects.order_by("pk")
    for limit, amount, start, windows in rows.values_list(
        "limit_id", "amount", "starts_at", "windows"
    ):
        found[limit].append((amount, start, windows))
    return found


def _extras(one: LimitEntry, granted: Granted) -> tuple[Extra, ...]:
    calendar = {"zone": one.time_zone, "day": one.window_day, "hour": one.window_hour}
    return tuple(
        _extra(float(amount), start.timestamp(), windows, one.window, calendar)
        for amount, start, windows in granted.get(one.id, ())
    )


def _extra(
    amount: float, start: float, windows: int, window: str, calendar: dict[str, Any]
) -> Extra:
    begin = start if window in SLIDING else window_of(window, start, **calendar).begin
    return Extra(amount, begin, after(window, begin, windows, **calendar))
