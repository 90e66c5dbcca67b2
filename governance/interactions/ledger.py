"""The ledgers: what records add up to, by quarter hour and place. PURE.

A record is counted as a request once, on the place that answered or was tried last, and each of
its attempts on its own place. So each ledger is the sum of the records: the usage ledger tells
apart who asked, the traffic ledger how requests ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from operator import add, attrgetter
from typing import Any, Final, NamedTuple

import msgspec

from governance.interactions.record import AttemptRecord, InteractionRecord, NamedRef

_NOBODY: Final = NamedRef("", "")
_HOUR: Final = len("2030-01-31T12:")
_MINUTE: Final = len("2030-01-31T12:00")
_DATE: Final = len("2030-01-31")


class Place(NamedTuple):
    """What usage is told apart by, as it was when the request arrived."""

    start: str
    """The quarter hour, UTC: `2030-01-31T12:15:00+00:00`."""
    key_id: str
    group_id: str
    owner_id: str
    profile_id: str
    provider: str
    model: str
    shadow: bool = False
    """What copies of requests used, which no limit of live ones counts."""


class UsageSum(msgspec.Struct):
    """What was used at one place."""

    key_name: str = ""
    group_name: str = ""
    owner_name: str = ""
    profile_name: str = ""
    requests: int = 0
    errors: int = 0
    """Requests that ended otherwise than answered or cancelled."""
    attempts: int = 0
    failed: int = 0
    """Attempts that ended otherwise than answered or cancelled."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cache_written_tokens: int = 0
    reasoning_tokens: int = 0
    audio_milliseconds: int = 0
    images: int = 0
    characters: int = 0
    unpriced: int = 0
    """Attempts that used tokens whose price is not known."""
    cost_micro_usd: int = 0
    """Millionths of a US dollar, rounded for each attempt."""


class DayPlace(NamedTuple):
    """What days of usage are told apart by."""

    start: str
    """Midnight, UTC."""
    dimension: str
    value: str


DIMENSIONS: Final[Mapping[str, tuple[str, str]]] = {
    one: (f"{one}_id", f"{one}_name") for one in ("key", "group", "owner", "profile")
}
"""What each can tell apart: the column of the id, and that of its name."""


class DaySum(msgspec.Struct):
    """What was used at one place of a day, and what that was called."""

    name: str
    counts: dict[str, int]


class TrafficPlace(NamedTuple):
    """What traffic is told apart by."""

    start: str
    provider: str
    model: str
    outcome: str
    fallback: str


class TrafficSum(msgspec.Struct):
    """What went to one place and ended in one way."""

    requests: int = 0
    attempts: int = 0
    failed: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    audio_milliseconds: int = 0
    images: int = 0
    characters: int = 0
    unpriced: int = 0
    cost_micro_usd: int = 0


NAMES: Final = ("key_name", "group_name", "owner_name", "profile_name")
COUNTS: Final = tuple(name for name in UsageSum.__struct_fields__ if name not in NAMES)
TRAFFIC_COUNTS: Final = TrafficSum.__struct_fields__
_counts: Final[Callable[[UsageSum], tuple[int, ...]]] = attrgetter(*COUNTS)
_ids: Final[Callable[[Place], tuple[str, ...]]] = attrgetter(*(i for i, _ in DIMENSIONS.values()))
_names: Final[Callable[[UsageSum], tuple[str, ...]]] = attrgetter(
    *(name for _, name in DIMENSIONS.values())
)
NO_ERROR: Final = ("ok", "cancelled")
"""Outcomes that are none; a caller may leave."""


def micro_usd(cost: float | None) -> int:
    return round(cost * 1_000_000) if cost else 0


def add_up(records: Iterable[InteractionRecord]) -> dict[Place, UsageSum]:
    """The usage ledger."""
    found: dict[tuple[Any, ...], UsageSum] = {}
    for record in records:
        whose = _whose(record)
        last = _used(found, whose, record.provider, record.model)
        # A copy is no request of anybody's.
        if not record.is_shadow:
            last.requests += 1
            last.errors += record.outcome not in NO_ERROR
        for attempt in record.attempts:
            used = last
            if attempt.provider != record.provider or attempt.model != record.model:
                used = _used(found, whose, attempt.provider, attempt.model)
            _count(used, attempt)
            if attempt.usage is not None:
                used.cache_written_tokens += attempt.usage.cache_written
                used.reasoning_tokens += attempt.usage.reasoning
    return {Place(*place): used for place, used in found.items()}


def by_day(used: Mapping[Place, UsageSum]) -> dict[DayPlace, DaySum]:
    """The same by day, for each dimension by itself."""
    found: dict[tuple[str, str, str], tuple[int, ...]] = {}
    names: dict[tuple[str, str, str], str] = {}
    for place, sums in used.items():
        midnight = f"{place.start[:_DATE]}T00:00:00+00:00"
        counts = _counts(sums)
        for dimension, value, name in zip(DIMENSIONS, _ids(place), _names(sums), strict=True):
            here = midnight, dimension, value
            before = found.get(here)
            found[here] = counts if before is None else tuple(map(add, before, counts))
            names[here] = name
    return {
        DayPlace(*here): DaySum(names[here], dict(zip(COUNTS, counts, strict=True)))
        for here, counts in found.items()
    }


def _add_units(used: UsageSum | TrafficSum, units: Mapping[str, float]) -> None:
    used.audio_milliseconds += round(units.get("audio_seconds", 0) * 1000)
    used.images += round(units.get("images", 0))
    used.characters += round(units.get("characters", 0))


def add_up_traffic(records: Iterable[InteractionRecord]) -> dict[TrafficPlace, TrafficSum]:
    """The traffic ledger, in which copies are none."""
    found: dict[TrafficPlace, TrafficSum] = {}
    for record in records:
        if record.is_shadow:
            continue
        last = _passed(found, record, record.provider, record.model)
        last.requests += 1
        for attempt in record.attempts:
            passed = last
            if attempt.provider != record.provider or attempt.model != record.model:
                passed = _passed(found, record, attempt.provider, attempt.model)
            _count(passed, attempt)
    return found


def _count(used: UsageSum | TrafficSum, attempt: AttemptRecord) -> None:
    # Nobody was asked for an answer that was cached.
    used.attempts += not attempt.from_cache
    used.failed += attempt.outcome not in NO_ERROR
    used.cost_micro_usd += micro_usd(attempt.cost_usd)
    usage = attempt.usage
    if usage is not None:
        used.unpriced += attempt.cost_usd is None
        used.prompt_tokens += usage.prompt
        used.completion_tokens += usage.completion
        used.cached_tokens += usage.cached
        if usage.units:
            _add_units(used, usage.units)


def quarter_hour(time: str) -> str:
    """The beginning of the quarter hour of a record's time, which is UTC."""
    return _quarter_hour(time[:_MINUTE])


@lru_cache(maxsize=64)
def _quarter_hour(minute: str) -> str:
    return f"{minute[:_HOUR]}{int(minute[_HOUR:]) // 15 * 15:02d}:00+00:00"


class _Whose(NamedTuple):
    """What the places of all attempts of a record have in common."""

    ids: tuple[str, str, str, str, str]
    """From `start` to `profile_id`."""
    names: tuple[str, str, str, str]
    shadow: bool


def _whose(record: InteractionRecord) -> _Whose:
    key, group = record.key or _NOBODY, record.group or _NOBODY
    owner, profile = record.owner or _NOBODY, record.profile or _NOBODY
    return _Whose(
        (quarter_hour(record.time), key.id, group.id, owner.id, profile.id),
        (key.name, group.name, owner.name, profile.name),
        record.is_shadow,
    )


def _used(
    found: dict[tuple[Any, ...], UsageSum], whose: _Whose, provider: str, model: str
) -> UsageSum:
    place = *whose.ids, provider[:100], model[:300], whose.shadow
    used = found.get(place)
    if used is None:
        used = found[place] = UsageSum()
    # Of a rename within the quarter hour the later name counts.
    used.key_name, used.group_name, used.owner_name, used.profile_name = whose.names
    return used


def traffic_place(record: InteractionRecord, provider: str, model: str) -> TrafficPlace:
    """Where an attempt of this record counts."""
    start = quarter_hour(record.time)
    return TrafficPlace(start, provider[:100], model[:300], record.outcome, record.fallback)


def _passed(
    found: dict[TrafficPlace, TrafficSum], record: InteractionRecord, provider: str, model: str
) -> TrafficSum:
    place = traffic_place(record, provider, model)
    passed = found.get(place)
    if passed is None:
        passed = found[place] = TrafficSum()
    return passed
