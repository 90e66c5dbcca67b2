"""Leases: nothing is admitted beyond an amount, nothing leaks, nothing counts twice."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.limits.counting.admission import (
    Exceeded,
    Lease,
    admit,
    exceeded,
    give_back,
    raise_to,
    settle,
)
from governance.limits.counting.counter import Counter
from governance.limits.limit import Extra, LimitEntry
from governance.limits.measure import Consumption

NOW = 1_800_000_000.0


def counter(**changes: Any) -> Counter:
    values: dict[str, Any] = {"id": 1, "name": "one", "measure": "tokens", "amount": 100.0}
    return Counter(LimitEntry(**{**values, **changes}), "", NOW)


def tokens(prompt: int, completion: int = 0, **more: Any) -> Consumption:
    return Consumption(prompt, completion, running=True, **more)


def test_it_works() -> None:
    one = counter()
    lease = admit([one], tokens(30, 20), tokens(30), NOW)
    assert isinstance(lease, Lease)
    assert (one.held, one.used, one.left) == (50, 0, 50)
    settle(lease, [tokens(31, 4)], NOW)
    assert (one.held, one.used, one.taken) == (0, 35, 35)
    settle(lease, [tokens(31, 4)], NOW)
    assert one.used == 35, "a lease ends once"


def test_a_refusal_names_its_limit_and_leaves_nothing_behind() -> None:
    wide, narrow = counter(id=1, amount=1000.0), counter(id=2, name="narrow", amount=10.0)
    refused = admit([wide, narrow], tokens(11), tokens(11), NOW)
    assert isinstance(refused, Exceeded)
    assert (refused.limit.name, refused.used, refused.amount) == ("narrow", 0, 10)
    assert refused.frees_at == narrow.end
    assert (wide.taken, narrow.taken) == (0, 0)


def test_where_only_the_guess_does_not_fit_what_is_left_is_held() -> None:
    one = counter(amount=100.0)
    lease = admit([one], tokens(50, 400), tokens(50), NOW)
    assert isinstance(lease, Lease)
    assert one.held == 100
    assert isinstance(admit([one], tokens(1), tokens(1), NOW), Exceeded)
    settle(lease, [tokens(50, 10)], NOW)
    assert one.left == 40


@pytest.mark.parametrize("enforcement", ["warn", "divert"])
def test_a_limit_that_does_not_refuse_counts_on(enforcement: str) -> None:
    one = counter(amount=10.0, enforcement=enforcement)
    assert isinstance(admit([one], tokens(30), tokens(30), NOW), Lease)
    assert one.taken == 30
    assert exceeded([one], tokens(1), NOW) is not None


def test_requests_at_a_time() -> None:
    one = counter(measure="concurrent", amount=1.0)
    first = admit([one], tokens(1), tokens(1), NOW)
    assert isinstance(first, Lease)
    refused = admit([one], tokens(1), tokens(1), NOW)
    assert isinstance(refused, Exceeded)
    assert refused.frees_at == NOW + 1
    settle(first, [Consumption(1)], NOW)
    assert (one.held, one.used) == (0, 0)
    assert isinstance(admit([one], tokens(1), tokens(1), NOW), Lease)


def test_a_sliding_window_frees_what_left_it() -> None:
    one = counter(measure="requests", amount=2.0, window="minute")
    for at in (0.0, 30.0):
        lease = admit([one], tokens(1), tokens(1), NOW + at)
        assert isinstance(lease, Lease)
        settle(lease, [tokens(1)], NOW + at + 5)
    refused = admit([one], tokens(1), tokens(1), NOW + 40)
    assert isinstance(refused, Exceeded)
    assert NOW + 60 <= refused.frees_at <= NOW + 61
    assert isinstance(admit([one], tokens(1), tokens(1), refused.frees_at), Lease)
    assert isinstance(admit([one], tokens(1), tokens(1), refused.frees_at + 1), Exceeded)


def test_a_window_of_the_calendar_begins_at_zero_but_for_what_runs() -> None:
    one = counter(window="day", amount=100.0)
    lease = admit([one], tokens(60), tokens(60), one.end - 1)
    assert isinstance(lease, Lease)
    settle(admit([one], tokens(30), tokens(30), one.end - 1), [tokens(30)], one.end - 1)
    later = one.end + 1
    one.turn(later)
    assert (one.used, one.held) == (0, 60)
    settle(lease, [tokens(60)], later)
    assert (one.used, one.held) == (0, 0), "it belongs to the day in which it arrived"


def test_an_extra_amount_holds_in_its_windows() -> None:
    one = counter(window="day")
    begin, end = one.end, one.end + 86_400
    granted = counter(window="day", extras=(Extra(50.0, begin, end),))
    assert granted.amount == 100
    granted.turn(begin)
    assert granted.amount == 150
    granted.turn(end)
    assert granted.amount == 100


def test_weights_of_kinds_of_tokens() -> None:
    one = counter(weight_cached=0.1, weight_output=5.0, weight_reasoning=2.0)
    used = Consumption(100, 20, cached_tokens=80, reasoning_tokens=10)
    assert one.amount_for(used) == 20 + 8 + 50 + 20


@pytest.mark.parametrize(
    ("unpriced", "held"), [({"unpriced_mode": "free"}, 0), ({"unpriced_mode": "rate"}, 6_000)]
)
def test_a_cost_that_is_not_known(unpriced: dict[str, str], held: float) -> None:
    one = counter(measure="cost", amount=1.0, unpriced_rate=2.0, **unpriced)
    assert isinstance(admit([one], tokens(1000, 2000), tokens(1000), NOW), Lease)
    assert one.held == held


def test_a_cost_that_is_not_known_may_be_refused() -> None:
    one = counter(measure="cost", amount=1.0, unpriced_mode="refuse")
    refused = admit([one], tokens(1), tokens(1), NOW)
    assert isinstance(refused, Exceeded)
    assert refused.unpriced


def test_a_failover_to_a_dearer_model_holds_more_or_nothing() -> None:
    one = counter(measure="cost", amount=1.0)
    lease = admit([one], tokens(1, cost=0.2), tokens(1, cost=0.2), NOW)
    assert isinstance(lease, Lease)
    assert raise_to(lease, tokens(1, cost=0.7), tokens(1, cost=0.7), NOW) is None
    assert one.held == 700_000
    assert raise_to(lease, tokens(1, cost=1.2), tokens(1, cost=1.2), NOW) is not None
    assert one.held == 700_000
    give_back(lease)
    assert one.taken == 0


def test_what_others_use_counts_and_is_told_as_often_as_one_likes() -> None:
    one = counter(window="month")
    for number in (1, 2, 3):
        settle(admit([one], tokens(10), tokens(10), NOW), [tokens(10)], NOW, number)
    for _ in range(2):
        # The ledger holds the first two of this process, and 40 of others.
        one.told(one.begin, used=60.0, held=5.0, seen=2)
        assert (one.own, one.used, one.taken) == (10, 70, 75)
    one.told(one.begin - 1, used=999.0, held=0.0, seen=3)
    assert one.used == 70, "of another window"


def test_what_no_record_tells_waits_for_the_ledger_no_longer_than_others() -> None:
    one = counter(window="month")
    for number, amount in ((4, 10.0), (0, 7.0), (5, 20.0), (0, 1.0)):
        one.use(amount, NOW, number)
    for seen, waits in ((0, 30), (4, 20), (4, 20), (5, 0)):
        one.told(one.begin, used=100.0, held=0.0, seen=seen)
        assert (one.own, one.used) == (waits, 100 + waits)


STEP = st.tuples(
    st.sampled_from(["admit", "settle", "back", "wait"]),
    st.integers(0, 40),
    st.integers(0, 60),
    st.integers(0, 120),
)


@settings(max_examples=120)
@given(st.lists(STEP, max_size=60), st.sampled_from(["minute", "hour", "day", "total"]))
def test_no_sequence_admits_too_much_or_leaks(steps: list[Any], window: str) -> None:
    """Whatever happens, in whatever order: prompts never pass the amount, answers by no more than
    one of them each, and when all have ended nothing is held."""
    counters = [
        counter(id=1, window=window, amount=200.0),
        counter(id=2, measure="requests", window=window, amount=12.0),
        counter(id=3, measure="concurrent", amount=4.0),
    ]
    now, running = NOW, []
    for what, prompt, completion, other in steps:
        if what == "admit":
            before = [one.taken for one in counters]
            found = admit(counters, tokens(prompt, completion), tokens(prompt), now)
            if isinstance(found, Lease):
                running.append((found, prompt))
                assert all(one.taken <= one.amount for one in counters)
            else:
                assert [one.taken for one in counters] == before
        elif what == "wait":
            now += other
        elif running:
            lease, least = running.pop(other % len(running))
            if what == "settle":
                settle(lease, [Consumption(least, completion)], now)
            else:
                give_back(lease)
        assert all(one.held >= 0 and one.own >= 0 for one in counters)
        assert counters[2].held == len(running)
    for lease, _ in running:
        give_back(lease)
    assert [one.held for one in counters] == [0, 0, 0]
    for one in counters:
        one.turn(now + 400 * 86_400)
        assert window == "total" or one.taken == 0


def test_what_was_admitted_with_what_is_left_may_begin() -> None:
    """Only the guess does not fit: the candidate at hand is asked all the same, a dearer one too
    as long as its prompt fits, and what others hold stays theirs."""
    limit = LimitEntry(1, "l", measure="cost", amount=1.0, window="day")
    counter = Counter(limit, "", 0.0)
    full, least = Consumption(10, 1000, 5.0, running=True), Consumption(10, 0, 0.01, running=True)
    lease = admit([counter], full, least, 0.0)
    assert isinstance(lease, Lease)
    assert counter.left == 0
    assert raise_to(lease, full, least, 0.0) is None
    assert counter.taken == counter.amount
    dearer = Consumption(10, 0, 1.5, running=True)
    assert isinstance(raise_to(lease, dearer, dearer, 0.0), Exceeded)
    settle(lease, [Consumption(10, 100, 0.5)], 1.0)
    assert (counter.used, counter.held) == (500_000, 0)
