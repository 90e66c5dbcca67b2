"""Rows as the frozen values of the routing table, filled by name from the models' columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar

from django.db.models import Model

from governance import models
from governance.limits.limit import LimitEntry
from governance.routing import table
from governance.routing.model_facts import said_facts

T = TypeVar("T")


@lru_cache(maxsize=1024)
def words(*items: str) -> frozenset[str]:
    """One set for all rows that say the same."""
    return frozenset(items)


def _conditions(documents: Iterable[Mapping[str, Any]]) -> tuple[table.Condition, ...]:
    return tuple(
        table.Condition(
            feature=one["feature"],
            operator=one["operator"],
            value=tuple(one["value"]) if isinstance(one["value"], list) else one["value"],
        )
        for one in documents
    )


_CONVERTERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "frozenset[str]": lambda items: words(*items),
    "tuple[str, ...]": tuple,
    "tuple[Condition, ...]": _conditions,
    "tuple[float, ...]": tuple,
    "tuple[SaidFacts, ...]": lambda items: tuple(map(said_facts, items)),
}
"""By the type of the frozen value's field."""


class Frozen(Generic[T]):
    """How rows of a model become one kind of frozen value.

    Each field takes the column of its name; `renamed` names the few that are called otherwise
    there. Fields without a column are `computed`: given by whoever builds the value.
    """

    def __init__(self, value: type[T], model: type[Model], **renamed: str) -> None:
        self.value, self.model = value, model
        columns = {one.name: one for one in model._meta.concrete_fields}
        found = {
            one.name: (one, columns[renamed.get(one.name, one.name)])
            for one in fields(value)  # type: ignore[arg-type]
            if renamed.get(one.name, one.name) in columns
        }
        self.computed = {one.name for one in fields(value)} - set(found)  # type: ignore[arg-type]
        self.names = tuple(found)
        self.columns = tuple(column.attname for _, column in found.values())
        self.types = {name: column.get_internal_type() for name, (_, column) in found.items()}
        self._convert: dict[str, Callable[[Any], Any]] = {}
        for name, (one, column) in found.items():
            if str(one.type) in _CONVERTERS:
                self._convert[name] = _CONVERTERS[str(one.type)]
            elif column.get_internal_type() == "DateTimeField":
                self._convert[name] = _timestamp
            elif column.get_internal_type() == "DecimalField" and str(one.type) == "float":
                self._convert[name] = _number(one.default)
            elif column.null and "None" not in str(one.type):
                self._convert[name] = _or(one.default)

    def build(self, values: Sequence[Any], **computed: Any) -> T:
        """From the values of `columns` in their order."""
        filled = dict(zip(self.names, values, strict=False))
        for name, convert in self._convert.items():
            filled[name] = convert(filled[name])
        return self.value(**filled, **computed)

    def converter(self, name: str) -> Callable[[Any], Any] | None:
        """What makes the field's value of the column's; None where they are the same."""
        return self._convert.get(name)

    def of(self, row: Model, **computed: Any) -> T:
        """From a row of the model."""
        return self.build([getattr(row, name) for name in self.columns], **computed)


def _timestamp(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _number(default: Any) -> Callable[[Any], Any]:
    """A decimal as a float; an unset one has the default."""
    return lambda value: default if value is None else float(value)


def _or(default: Any) -> Callable[[Any], Any]:
    """An unset value has the default."""
    return lambda value: default if value is None else value


PROVIDER: Final = Frozen(table.ProviderEntry, models.Provider)
PROFILE: Final = Frozen(table.Profile, models.RoutingProfile)
TARGET: Final = Frozen(table.Target, models.RoutingTarget)
RATE_LIMIT: Final = Frozen(
    table.RateLimit,
    models.RoutingTarget,
    **{one.name: f"{one.name}_threshold" for one in fields(table.RateLimit)},
)
CACHE: Final = Frozen(
    table.CachePolicy,
    models.RoutingProfile,
    **{one.name: f"cache_{one.name}" for one in fields(table.CachePolicy)},
)
SHADOW: Final = Frozen(
    table.ShadowPolicy,
    models.RoutingProfile,
    **{one.name: f"shadow_{one.name}" for one in fields(table.ShadowPolicy)},
)
KEY: Final = Frozen(table.VirtualKey, models.ApiKey, profile="routing_profile")
RULE: Final = Frozen(table.HeuristicRuleEntry, models.HeuristicRule)
GROUP: Final = Frozen(table.GroupEntry, models.Group)
LIMIT: Final = Frozen(LimitEntry, models.Limit)
PRICE: Final = Frozen(table.ModelPriceEntry, models.ModelPrice)
MAPPING: Final = Frozen(table.ModelMappingEntry, models.ModelMapping)

_rate_limit = lru_cache(maxsize=1024)(lambda *limits: RATE_LIMIT.build(limits))

PROFILE_COLUMNS: Final = (*PROFILE.columns, *CACHE.columns, *SHADOW.columns)


def profile_of(values: Sequence[Any], targets: tuple[table.Target, ...]) -> table.Profile:
    """From the values of `PROFILE_COLUMNS`; the first of a part's says whether it is there."""
    ends = len(PROFILE.columns), len(PROFILE.columns) + len(CACHE.columns)
    cache, shadow = values[ends[0] : ends[1]], values[ends[1] :]
    return PROFILE.build(
        values[: ends[0]],
        targets=targets,
        cache=None if cache[0] is None else CACHE.build(cache),
        shadow=SHADOW.build(shadow) if shadow[0] else None,
    )


TARGET_COLUMNS: Final = (*TARGET.columns, *RATE_LIMIT.columns)


def target(values: Sequence[Any]) -> table.Target:
    """From the values of `TARGET_COLUMNS`."""
    return TARGET.build(values, rate_limit=_rate_limit(*values[len(TARGET.columns) :]))


def profile(row: models.RoutingProfile) -> table.Profile:
    """The profile as it would be loaded after it was saved, with the targets of its draft."""
    targets = row.ordered_targets()
    return profile_of(
        [getattr(row, name) for name in PROFILE_COLUMNS],
        tuple(target([getattr(one, name) for name in TARGET_COLUMNS]) for one in targets),
    )
