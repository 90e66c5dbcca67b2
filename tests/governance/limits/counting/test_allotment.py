"""What is admitted out of an allotment is what would be admitted without one."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.limits.counting.admission import Exceeded, Lease, admit, raise_to, settle
from governance.limits.counting.allotment import BUSY, LASTS, BoundCounters
from governance.limits.counting.binding import LimitIndex, Who
from governance.limits.counting.book import LimitBook
from governance.limits.counting.counter import Counter
from governance.limits.limit import Extra, LimitEntry
from governance.limits.measure import Consumption

NOW = 1_800_000_000.0
KEYS = (Who("a", ("team",)), Who("b", ("team",)), Who("c"))
PLENTY = 1e6


def limit(identity: int, kind: str = "everything", subject: str = "", **more: Any) -> LimitEntry:
    values: dict[str, Any] = {"measure": "tokens", "amount": PLENTY, "window": "day", **more}
    return LimitEntry(identity, f"l{identity}", kind, subject, **values)


def holds(prompt: int, completion: int) -> tuple[Consumption, Consumption]:
    cost = (prompt + completion) / 1000
    least = Consumption(prompt, 0, prompt / 1000, running=True)
    return Consumption(prompt, completion, cost, running=True), least


def used(prompt: int, completion: int) -> Consumption:
    return Consumption(prompt, completion, (prompt + completion) / 1000)


def request(bound: BoundCounters, now: float, number: int = 1, prompt: int = 10) -> None:
    lease = bound.admit(*holds(prompt, 10), now)
    assert isinstance(lease, Lease)
    bound.settle(lease, [used(prompt, 5)], now, number)


def busy(book: LimitBook, index: LimitIndex, who: Who = KEYS[0], now: float = NOW) -> BoundCounters:
    """The counters of a key that has asked so often that it has an allotment."""
    bound = book.of_request(index, who, now)
    for number in range(1, BUSY + 1):
        request(bound, now, number)
    assert now < bound.until
    return bound


def test_it_works() -> None:
    """Counters stay as they are until somebody looks, who finds what was used and no more."""
    book = LimitBook()
    bound = busy(book, LimitIndex([limit(1), limit(2, measure="requests", window="minute")]))
    tokens, requests = bound
    before = tokens.taken, requests.taken
    lease = bound.admit(*holds(20, 100), NOW)
    for number in range(100, 120):
        request(bound, NOW, number)
    assert (tokens.taken, requests.taken) == before
    assert [taken for _, taken in bound.told(NOW)] == [BUSY * 15 + 120 + 300, BUSY + 21]
    book.allotments.fold()
    assert (tokens.used, tokens.held) == (BUSY * 15 + 300, 120)
    assert (requests.used, requests.held) == (BUSY + 21, 0)
    assert isinstance(lease, Lease)
    bound.settle(lease, [used(20, 1)], NOW, 200)
    assert (tokens.used, tokens.held) == (BUSY * 15 + 321, 0)


def test_nobody_is_refused_for_what_is_only_allotted() -> None:
    book, index = LimitBook(), LimitIndex([limit(1, amount=5_000.0)])
    bound = busy(book, index)
    (tokens,) = bound
    left = 5_000 - BUSY * 15
    assert tokens.left < left
    whole = bound.admit(*holds(left, 0), NOW)
    assert isinstance(whole, Lease)
    other = book.of_request(index, KEYS[1], NOW).admit(*holds(1, 0), NOW)
    assert isinstance(other, Exceeded)
    assert other.used == 5_000


def test_a_dearer_candidate_may_have_what_is_only_allotted() -> None:
    book, index = LimitBook(), LimitIndex([limit(1, amount=5_000.0)])
    bound = book.of_request(index, KEYS[1], NOW)
    lease = bound.admit(*holds(10, 10), NOW)
    assert isinstance(lease, Lease)
    busy(book, index)
    everything = int(5_000 - 15 * BUSY)
    assert bound.raise_to(lease, *holds(everything, 0), NOW) is None
    assert bound[0].left == 0


def test_it_ends_where_a_window_does() -> None:
    book, index = LimitBook(), LimitIndex([limit(1), limit(2, measure="requests", window="second")])
    bound = busy(book, index)
    assert NOW < bound.until <= NOW + 1 / 60 + 1e-6
    day = bound[0]
    late = busy(book, LimitIndex([limit(1)]), now=day.end - 0.01)
    assert late.until == day.end
    lease = late.admit(*holds(10, 10), day.end - 0.005)
    assert isinstance(lease, Lease)
    assert late.settle(lease, [used(10, 5)], day.end + 1, 99) is None, "of the day before"
    assert (day.used, day.held) == (0, 0)


def test_a_warning_is_never_passed_unseen() -> None:
    bound = busy(LimitBook(), LimitIndex([limit(1, amount=10_000.0, warn_at=(50.0,))]))
    crossed: list[float] = []
    for number in count(100):
        request(bound, NOW, number)
        if bound.crossed(NOW):
            crossed.append(bound[0].used)
        if number == 500:
            break
    assert crossed == [5_010], "the first sum from half of the amount on"


def test_a_limit_that_only_warns_and_is_passed_costs_no_more() -> None:
    limits = [limit(1), limit(2, amount=1.0, enforcement="warn")]
    bound = busy(LimitBook(), LimitIndex(limits))
    assert bound.until > NOW


@pytest.mark.parametrize("unlike", [{"weight_cached": 0.1}, {"each": "session"}])
def test_what_counts_in_a_way_of_its_own_is_looked_at_each_time(unlike: dict[str, Any]) -> None:
    bound = LimitBook().of_request(LimitIndex([limit(1, **unlike)]), KEYS[0], NOW)
    for number in range(1, 5 * BUSY):
        request(bound, NOW, number)
    assert not bound.until


def test_the_ledger_may_hold_a_part_of_it() -> None:
    book = LimitBook()
    (tokens,) = bound = busy(book, LimitIndex([limit(1)]))
    for number in range(BUSY + 1, BUSY + 11):
        request(bound, NOW, number)
    book.allotments.fold()
    begin, whole = tokens.begin, 15.0 * (BUSY + 10)
    for seen in (2, BUSY + 4, BUSY + 4, BUSY + 10):
        tokens.told(begin, 15.0 * seen, 0.0, seen)
        assert (tokens.used, tokens.own) == (whole, whole - 15 * seen)
    assert not tokens.pending


def test_another_thread_reads_without_ending_it() -> None:
    book = LimitBook()
    bound = busy(book, LimitIndex([limit(1)]))
    held = bound.admit(*holds(20, 20), NOW)
    request(bound, NOW, 50)
    (tokens,) = bound
    free, spent = book.allotments.unfolded(tokens)
    assert isinstance(held, Lease)
    assert (tokens.used + spent, tokens.held - free - spent) == (15 * (BUSY + 1), 40)
    assert bound.until > NOW


class Twin:
    """Requests of several keys, counted with allotments and without."""

    def __init__(self, limits: list[LimitEntry]) -> None:
        self.now = NOW
        self.mine, self.plain = LimitBook(), LimitBook()
        self.limits = limits
        self.index = LimitIndex(limits)
        self.running: list[tuple[BoundCounters, Any, Any]] = []
        self.number = 0

    def bound(self, key: int) -> tuple[BoundCounters, list[Counter]]:
        who = KEYS[key % len(KEYS)]
        mine = self.mine.of_request(self.index, who, self.now)
        return mine, list(self.plain.of_request(self.index, who, self.now))

    def admit(self, key: int, prompt: int, completion: int) -> None:
        mine, plain = self.bound(key)
        full, least = holds(prompt, completion)
        got, wanted = mine.admit(full, least, self.now), admit(plain, full, least, self.now)
        assert type(got) is type(wanted)
        if isinstance(got, Lease) and isinstance(wanted, Lease):
            places = range(len(mine))
            assert [got.held(one) for one in places] == [wanted.held(one) for one in places]
            self.running.append((mine, got, wanted))
        else:
            assert got == wanted

    def settle(self, which: int, prompt: int, completion: int) -> None:
        if not self.running:
            return
        bound, mine, plain = self.running.pop(which % len(self.running))
        self.number += 1
        actual = [used(prompt, completion)]
        tally = bound.settle(mine, actual, self.now, self.number)
        counted = settle(plain, actual, self.now, self.number)
        bound.crossed(self.now)
        BoundCounters(self.plain.counters[one.key] for one in bound).crossed(self.now)
        found = {}
        if tally is not None:
            found = {one[:3]: tally.amounts[one[3]] for one in tally.places}
        assert {key: amount for key, amount in found.items() if amount} == {
            (one.limit.id, one.scope, one.begin): amount for one, amount in counted
        }

    def raise_to(self, which: int, prompt: int, completion: int) -> None:
        if self.running:
            bound, mine, plain = self.running[which % len(self.running)]
            full, least = holds(prompt, completion)
            got = bound.raise_to(mine, full, least, self.now)
            assert got == raise_to(plain, full, least, self.now)

    def burst(self, key: int, count: int, prompt: int) -> None:
        for _ in range(count):
            self.now += 0.001
            self.admit(key, prompt, prompt)
            self.settle(len(self.running) - 1, prompt, prompt // 2)

    def change(self, amount: int) -> None:
        """Another amount, a moment's grant, or none."""
        extra = Extra(50.0, self.now + 0.01, self.now + 0.5)
        first = replace(self.limits[0], amount=float(amount), extras=(extra,) * (amount % 2))
        self.limits = [first, *self.limits[1:]]
        self.index = LimitIndex(self.limits)

    def exchange(self, others: int, behind: int) -> None:
        """As a collector tells it, whose ledger lacks the last records."""
        self.mine.allotments.fold()
        seen = max(0, self.number - behind)
        for key in list(self.mine.counters):
            for book in (self.mine, self.plain):
                one = book.counters[key]
                if self.now >= one.due:
                    one.turn(self.now)
                one.told(one.begin, float(others), 1.0, seen, ledger=one.of_ledger)
                one.share_with(1 + others % 3, self.now, fresh=others % 5 > 0)

    def look(self) -> None:
        self.mine.allotments.fold()
        assert set(self.mine.counters) == set(self.plain.counters)
        for key, one in self.mine.counters.items():
            other = self.plain.counters[key]
            for counter in (one, other):
                if self.now >= counter.due:
                    counter.turn(self.now)
            assert not one.allotted
            assert one.warned <= other.warned, "sooner than it is so"
            for name in ("taken", "own", "held", "used", "ceiling", "due"):
                assert getattr(one, name) == pytest.approx(getattr(other, name)), (key, name)
            assert one.frees_at(10.0, self.now) == other.frees_at(10.0, self.now)


class Chance:
    """Limits and steps, drawn so that allotments are open when something happens to them."""

    def __init__(self, seed: int) -> None:
        self.rng = rng = random.Random(seed)
        self.twin = Twin([self.limit(place) for place in range(rng.randint(1, 5))])
        self.steps = [self.burst, self.burst, self.burst, self.pair, self.last, self.few, self.more]
        self.steps += [self.settle, self.wait, self.wait, self.change, self.exchange]

    def limit(self, place: int) -> LimitEntry:
        rng = self.rng
        measure = rng.choice(["requests", "tokens", "cost", "concurrent"])
        kind, subject = rng.choice([("everything", ""), ("group", "team"), ("key", "a")])
        scale = {"requests": 0.1, "cost": 0.001, "concurrent": 0.1}.get(measure, 1.0)
        return limit(
            place,
            kind,
            subject,
            measure=measure,
            amount=float(round(10 ** rng.uniform(3.2, 5.5) * scale)),
            window=rng.choice(["second", "minute", "minute", "hour", "day", "day", "total"]),
            enforcement=rng.choice(["refuse"] * 5 + ["warn", "divert"]),
            warn_at=rng.choice([(), (), (80.0,), (5.0, 50.0)]),
            each=rng.choice(["", "", "key"]),
        )

    def burst(self) -> None:
        self.twin.burst(self.rng.randrange(3), self.rng.randint(BUSY, 30), self.rng.randint(1, 30))

    def pair(self) -> None:
        """Two keys take turns, so that both have something allotted."""
        for _ in range(2 * BUSY):
            for key in (0, 1):
                self.twin.burst(key, 1, 5)

    def last(self) -> None:
        """About all that is left of some limit."""
        rng = self.rng
        left = [
            one.left for one in self.twin.plain.counters.values() if one.limit.measure == "tokens"
        ]
        if left:
            self.twin.admit(rng.randrange(3), int(rng.choice(left)) + rng.randint(-1, 1), 10)

    def few(self) -> None:
        for _ in range(self.rng.randint(1, 4)):
            self.twin.admit(self.rng.randrange(3), self.rng.randint(0, 60), self.rng.randint(0, 60))

    def more(self) -> None:
        self.twin.raise_to(self.rng.randrange(9), self.rng.randint(0, 60), self.rng.randint(0, 600))

    def settle(self) -> None:
        for _ in range(self.rng.randint(1, 6)):
            self.twin.settle(
                self.rng.randrange(9), self.rng.randint(0, 60), self.rng.randint(0, 90)
            )

    def wait(self) -> None:
        rng, twin = self.rng, self.twin
        dues = [one.due for one in twin.plain.counters.values() if twin.now < one.due < 2e9]
        if dues and rng.random() < 0.3:
            # A burst that goes over the end of a window.
            twin.now = min(dues) - 0.01
            self.burst()
        else:
            twin.now += rng.choice([0.005, 0.05, 0.3, 1.0, 61.0])

    def change(self) -> None:
        self.twin.change(self.rng.randint(100, 200_000))

    def exchange(self) -> None:
        self.twin.exchange(self.rng.randint(0, 900), self.rng.randint(0, 30))


@settings(max_examples=50)
@given(st.integers(0, 1 << 32))
def test_whatever_happens_the_answers_are_the_same(seed: int) -> None:
    chance = Chance(seed)
    for _ in range(40):
        chance.rng.choice(chance.steps)()
    chance.twin.look()
    while chance.twin.running:
        chance.twin.settle(0, 10, 10)
    chance.twin.look()


def test_an_allotment_lasts_a_moment() -> None:
    bound = busy(LimitBook(), LimitIndex([limit(1)]))
    assert bound.until == NOW + LASTS
