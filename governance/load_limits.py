"""Limits and prices as the values that requests are counted by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from governance import frozen, models
from governance.limits.counting.binding import LimitIndex
from governance.limits.limit import SLIDING, Extra, LimitEntry
from governance.limits.windows import after, window_of
from governance.routing.table import ModelPriceEntry

_PLAIN: Final = frozen.LIMIT.columns


def load_limits() -> LimitIndex:
    """Every limit that is switched on; three queries and one for each kind of subject."""
    rows = models.Limit.objects.filter(enabled=True).order_by("pk")
    names = {
        "key": _names(models.ApiKey, rows),
        "group": _names(models.Group, rows),
        "profile": _names(models.RoutingProfile, rows),
    }
    granted: dict[int, list[tuple[Any, datetime, int]]] = defaultdict(list)
    extras = models.LimitGrant.objects.filter(limit__enabled=True).order_by("pk")
    for limit, amount, start, windows in extras.values_list(
        "limit_id", "amount", "starts_at", "windows"
    ):
        granted[limit].append((amount, start, windows))
    return LimitIndex(
        _limit(dict(zip(_PLAIN, values, strict=True)), names, granted)
        for values in rows.values_list(*_PLAIN)
    )


def load_prices() -> tuple[ModelPriceEntry, ...]:
    """What operators say that models cost."""
    rows = models.ModelPrice.objects.order_by("pk").values_list(*frozen.PRICE.columns)
    return tuple(map(frozen.PRICE.build, rows))


def limit_of(row: models.Limit) -> LimitEntry:
    """The value of one row."""
    values = {name: getattr(row, name) for name in _PLAIN}
    extras = {row.pk: list(row.extra_amounts.values_list("amount", "starts_at", "windows"))}
    model = {
        "key": models.ApiKey,
        "group": models.Group,
        "profile": models.RoutingProfile,
    }.get(row.subject_type)
    found = (
        {}
        if model is None
        else dict(model._default_manager.filter(pk=row.subject_id).values_list("pk", "name"))
    )
    return _limit(values, {row.subject_type: found}, extras)


def _names(model: Any, limits: Any) -> Mapping[str, str]:
    kind = {"ApiKey": "key", "Group": "group", "RoutingProfile": "profile"}[model.__name__]
    wanted = limits.filter(subject_type=kind).order_by().values("subject_id")
    return dict(model.objects.filter(pk__in=wanted).order_by().values_list("pk", "name"))


def _limit(
    values: dict[str, Any],
    names: Mapping[str, Mapping[str, str]],
    granted: Mapping[int, list[tuple[Any, datetime, int]]],
) -> LimitEntry:
    kind, subject = values["subject_type"], values["subject_id"]
    if kind == "provider":
        values["subject_id"] = subject.casefold()
    values["provider"] = values["provider"].casefold()
    plain = [values[name] for name in _PLAIN]
    calendar = {
        "zone": values["time_zone"],
        "day": values["window_day"],
        "hour": values["window_hour"],
    }
    extras = tuple(
        _extra(float(amount), start.timestamp(), windows, values["window"], calendar)
        for amount, start, windows in granted.get(values["id"], ())
    )
    return frozen.LIMIT.build(plain, extras=extras, owner=_owner(kind, subject, names))


def _extra(
    amount: float, start: float, windows: int, window: str, calendar: dict[str, Any]
) -> Extra:
    begin = start if window in SLIDING else window_of(window, start, **calendar).begin
    return Extra(amount, begin, after(window, begin, windows, **calendar))


def _owner(kind: str, subject: str, names: Mapping[str, Mapping[str, str]]) -> str:
    """As a sentence goes on: `the group "Blue"`."""
    if kind == "everything":
        return "this service"
    word = {"key": "API key", "profile": "routing profile"}.get(kind, kind)
    return f'the {word} "{names.get(kind, {}).get(subject, subject)}"'
