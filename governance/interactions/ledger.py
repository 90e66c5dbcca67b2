"""The ledgers: what records add up to, by quarter hour and place. PURE.

A record is counted as a request once, on the place that answered or was tried last, and each of
its attempts on its own place. So each ledger is the sum of the records: the usage ledger tells
apart who asked, the traffic ledger how requests ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import msgspec

from governance.interactions.record import AttemptRecord, InteractionRecord, NamedRef

_NOBODY: Final = NamedRef("", "")
_MINUTES: Final = len("2030-01-31T12:")
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
NO_ERROR: Final = ("ok", "cancelled")
"""Outcomes that are none; a caller may leave."""


def micro_usd(cost: float | None) -> int:
    return round(cost * 1_000_000) if cost else 0


def add_up(records: Iterable[InteractionRecord]) -> dict[Place, UsageSum]:
    """The usage ledger."""
    found: dict[Place, UsageSum] = {}
    for record in records:
        used = _used(found, record, record.provider, record.model)
        # A copy is no request of anybody's.
        used.requests += not record.is_shadow
        used.errors += not record.is_shadow and record.outcome not in NO_ERROR
        for attempt in record.attempts:
            used = _used(found, record, attempt.provider, attempt.model)
            _count(used, attempt)
            if attempt.usage is not None:
                used.cache_written_tokens += attempt.usage.cache_written
                used.reasoning_tokens += attempt.usage.reasoning
    return found


def by_day(used: Mapping[Place, UsageSum]) -> dict[DayPlace, DaySum]:
    """The same by day, for each dimension by itself."""
    found: dict[DayPlace, DaySum] = {}
    for place, sums in used.items():
        midnight = f"{place.start[:_DATE]}T00:00:00+00:00"
        for dimension, (identity, name) in DIMENSIONS.items():
            here = DayPlace(midnight, dimension, getattr(place, identity))
            day = found.get(here)
            if day is None:
                day = found[here] = DaySum("", dict.fromkeys(COUNTS, 0))
            day.name = getattr(sums, name)
            for count in COUNTS:
                day.counts[count] += getattr(sums, count)
    return found


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
        _passed(found, record, record.provider, record.model).requests += 1
        for attempt in record.attempts:
            _count(_passed(found, record, attempt.provider, attempt.model), attempt)
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
    minute = int(time[_MINUTES : _MINUTES + 2]) // 15 * 15
    return f"{time[:_MINUTES]}{minute:02d}:00+00:00"


def _used(
    found: dict[Place, UsageSum], record: InteractionRecord, provider: str, model: str
) -> UsageSum:
    key, group = record.key or _NOBODY, record.group or _NOBODY
    owner, profile = record.owner or _NOBODY, record.profile or _NOBODY
    start = quarter_hour(record.time)
    place = Place(
        *(start, key.id, group.id, owner.id, profile.id, provider[:100], model[:300]),
        shadow=record.is_shadow,
    )
    used = found.get(place)
    if used is None:
        used = found[place] = UsageSum()
    # Of a rename within the quarter hour the later name counts.
    used.key_name, used.group_name = key.name, group.name
    used.owner_name, used.profile_name = owner.name, profile.name
    return used


def traffic_place(record: InteractionRecord, provider: str, model: str) -> TrafficPlace:
    """Where an attempt of this record counts."""
    start = quarter_hour(record.time)
    return TrafficPlace(start, provider[:100], model[:300], record.outcome, record.fallback)


def _passed(
    found: dict[TrafficPlace, TrafficSum], record: InteractionRecord, provider: str, model: str
) -> TrafficSum:
    place = traffic_place(record, provider, model)
    return found.setdefault(place, TrafficSum())
