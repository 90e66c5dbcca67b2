"""The usage ledger is the sum of the records, however they come."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from governance.interactions.ledger import (
    COUNTS,
    DIMENSIONS,
    TRAFFIC_COUNTS,
    add_up,
    add_up_traffic,
    by_day,
    micro_usd,
    quarter_hour,
)
from governance.interactions.record import AttemptRecord, InteractionRecord, NamedRef, Usage

TOKENS = st.integers(0, 10**9)
UNITS = st.dictionaries(
    st.sampled_from(["audio_seconds", "images", "characters", "searches"]),
    st.integers(0, 10**6).map(float),
)
USAGES = st.none() | st.builds(
    Usage, TOKENS, TOKENS, TOKENS, TOKENS, TOKENS, st.just(msgspec.UNSET) | UNITS
)
COSTS = st.none() | st.floats(0, 1000, allow_nan=False)
NAMED = st.none() | st.sampled_from(
    [NamedRef("1", "one"), NamedRef("2", "two"), NamedRef("1", "renamed")]
)
ATTEMPTS = st.builds(
    AttemptRecord,
    provider=st.sampled_from("ab"),
    model=st.sampled_from("mn"),
    outcome=st.sampled_from(["ok", "retryable", "cancelled"]),
    code=st.just(""),
    status=st.just(0),
    milliseconds=st.just(0.0),
    usage=USAGES,
    cost_usd=COSTS,
)


def _unit(usage: Usage, name: str) -> float:
    return usage.units.get(name, 0) if usage.units else 0


@st.composite
def records(draw: Any) -> InteractionRecord:
    attempts = tuple(draw(st.lists(ATTEMPTS, max_size=3)))
    minute = draw(st.integers(0, 59))
    return InteractionRecord(
        id="r",
        time=f"2030-03-17T12:{minute:02d}:59.999Z",
        protocol="openai",
        outcome=draw(st.sampled_from(["ok", "cancelled", "refused", "retryable"])),
        fallback=draw(st.sampled_from(["none", "target", "local"])),
        key=draw(NAMED),
        group=draw(NAMED),
        owner=draw(NAMED),
        profile=draw(NAMED),
        attempts=attempts,
        provider=attempts[-1].provider if attempts else "",
        model=attempts[-1].model if attempts else "",
    )


@given(st.lists(records(), max_size=20), st.integers(0, 20))
def test_it_works(found: list[InteractionRecord], cut: int) -> None:
    """Whatever the batches are, the whole is the sum of the records."""
    totals = dict.fromkeys(COUNTS, 0)
    for batch in (found[:cut], found[cut:]):
        for place, used in add_up(batch).items():
            assert place.start[14:16] in ("00", "15", "30", "45")
            for name in COUNTS:
                totals[name] += getattr(used, name)
    attempts = [one for record in found for one in record.attempts]
    usages = [one.usage for one in attempts if one.usage is not None]
    assert totals == {
        "requests": len(found),
        "errors": sum(one.outcome in ("refused", "retryable") for one in found),
        "attempts": len(attempts),
        "failed": sum(one.outcome == "retryable" for one in attempts),
        "prompt_tokens": sum(one.prompt for one in usages),
        "completion_tokens": sum(one.completion for one in usages),
        "cached_tokens": sum(one.cached for one in usages),
        "audio_milliseconds": sum(_unit(one, "audio_seconds") for one in usages) * 1000,
        "images": sum(_unit(one, "images") for one in usages),
        "characters": sum(_unit(one, "characters") for one in usages),
        "cache_written_tokens": sum(one.cache_written for one in usages),
        "reasoning_tokens": sum(one.reasoning for one in usages),
        "unpriced": sum(one.usage is not None and one.cost_usd is None for one in attempts),
        "cost_micro_usd": sum(round((one.cost_usd or 0) * 1_000_000) for one in attempts),
    }


@given(records())
def test_each_attempt_counts_on_its_own_target(record: InteractionRecord) -> None:
    """The request counts where it was answered or tried last."""
    places = {(place.provider, place.model): used for place, used in add_up([record]).items()}
    assert [place for place, used in places.items() if used.requests] == [
        (record.provider, record.model)
    ]
    for place, used in places.items():
        own = [one for one in record.attempts if (one.provider, one.model) == place]
        assert used.attempts == len(own)
        assert used.cost_micro_usd == sum(micro_usd(one.cost_usd) for one in own)


@given(st.lists(records(), max_size=20))
def test_both_ledgers_hold_the_same(found: list[InteractionRecord]) -> None:
    """The traffic ledger tells apart how requests ended, and adds up to the same."""
    usage, traffic = add_up(found), add_up_traffic(found)
    for name in TRAFFIC_COUNTS:
        whole = sum(getattr(one, name) for one in usage.values())
        assert sum(getattr(one, name) for one in traffic.values()) == whole, name
    errors = sum(
        one.requests for place, one in traffic.items() if place.outcome not in ("ok", "cancelled")
    )
    assert errors == sum(one.errors for one in usage.values())
    for place, sums in traffic.items():
        mine = [
            one
            for one in found
            if (one.provider, one.model) == (place.provider, place.model)
            and (one.outcome, one.fallback) == (place.outcome, place.fallback)
            and quarter_hour(one.time) == place.start
        ]
        assert sums.requests == len(mine)


def test_a_rename_stays_in_its_bucket() -> None:
    record = InteractionRecord(id="r", time="2030-03-17T12:00:00.000Z", protocol="o", outcome="ok")
    (used,) = add_up(
        msgspec.structs.replace(record, key=NamedRef("1", name)) for name in ("before", "after")
    ).values()
    assert (used.requests, used.key_name) == (2, "after")


def test_quarter_hours() -> None:
    for minute, begins in ((0, "00"), (14, "00"), (15, "15"), (59, "45")):
        start = quarter_hour(f"2030-03-17T12:{minute:02d}:59.999Z")
        assert start == f"2030-03-17T12:{begins}:00+00:00"


@given(st.lists(records(), max_size=20))
def test_days_hold_the_same(found: list[InteractionRecord]) -> None:
    """Each dimension by itself adds up to all of it."""
    used = add_up(found)
    days = by_day(used)
    for dimension, (identity, name) in DIMENSIONS.items():
        mine = {place: day for place, day in days.items() if place.dimension == dimension}
        for count in COUNTS:
            whole = sum(getattr(one, count) for one in used.values())
            assert sum(day.counts[count] for day in mine.values()) == whole
        for place, day in mine.items():
            assert place.start.endswith("T00:00:00+00:00")
            names = [
                getattr(sums, name)
                for at, sums in used.items()
                if (at.start[:10], getattr(at, identity)) == (place.start[:10], place.value)
            ]
            assert day.name == names[-1]
