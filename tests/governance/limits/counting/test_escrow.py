"""Processes that hear of one another late share out what is left, and do not pass the amount."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from governance.limits.counting.admission import Exceeded, Lease, admit, settle
from governance.limits.counting.counter import Counter
from governance.limits.limit import LimitEntry
from governance.limits.measure import Consumption

NOW = 1_800_000_000.0
TICK = 0.1
ONE = Consumption(1, running=True)


def counter(amount: float, **changes: str) -> Counter:
    limit = LimitEntry(1, "l", measure="tokens", amount=amount, **{"window": "total", **changes})
    return Counter(limit, "", NOW)


class Crowd:
    """Processes of two nodes that use a limit of single tokens and hear of one another late."""

    def __init__(self, amount: float, each: int, late: int) -> None:
        self.counters = [counter(amount) for _ in range(2 * each)]
        self.each, self.late = each, late
        self.past: list[list[float]] = []
        self.tick = 0
        self.apart = False
        """The nodes do not hear of one another."""
        self.refused: list[Exceeded] = []

    @property
    def now(self) -> float:
        return NOW + self.tick * TICK

    @property
    def used(self) -> float:
        return sum(one.own for one in self.counters)

    def ask(self, process: int) -> None:
        mine = self.counters[process]
        found = admit([mine], ONE, ONE, self.now)
        if isinstance(found, Lease):
            settle(found, [Consumption(1)], self.now, 1)
        else:
            self.refused.append(found)

    def turn(self, demand: list[int]) -> None:
        self.tick += 1
        for process, wanted in enumerate(demand):
            for _ in range(wanted):
                self.ask(process)
        self.past.append([one.own for one in self.counters])
        if not self.apart:
            self.heard = self.past[-min(self.late, len(self.past))]
        near = self.past[-min(2, len(self.past))]
        for place, one in enumerate(self.counters):
            node = place // self.each
            others = sum(
                near[other] if other // self.each == node else self.heard[other]
                for other in range(len(self.counters))
                if other != place
            )
            one.told(one.begin, others, 0.0, 0, ledger=False)
            one.share_with(len(self.counters), self.now, fresh=not self.apart)


@settings(max_examples=8)
@given(
    st.integers(20, 600),
    st.integers(1, 3),
    st.integers(1, 4),
    st.lists(st.integers(0, 9), min_size=6, max_size=6),
    st.integers(0, 2**32),
)
def test_together_they_come_close_and_do_not_pass(
    amount: int, each: int, late: int, rates: list[int], seed: int
) -> None:
    crowd, rng = Crowd(float(amount), each, late), random.Random(seed)
    count = 2 * each
    rates = [max(1, one) for one in rates[:count]]
    # So many at once as nobody can know of yet are let through where most is left.
    blindly = sum(rates) * (late + 1)
    for _ in range(600):
        crowd.turn([rng.randint(0, 2 * one) for one in rates])
        if crowd.used >= amount - count and len(crowd.refused) > 500:
            break
    bound = max(count, blindly - 0.2 * amount)
    assert amount - count <= crowd.used <= amount + bound
    assert all(one.shared_out for one in crowd.refused if one.used < amount)


def test_nodes_that_do_not_hear_of_one_another_keep_to_their_shares() -> None:
    crowd = Crowd(1000.0, 2, 3)
    for _ in range(10):
        crowd.turn([5, 5, 5, 5])
    before = crowd.used
    crowd.apart = True
    for _ in range(100):
        crowd.turn([9, 9, 1, 1])
    assert 1000 - 4 >= crowd.used > before
    assert crowd.refused
    assert all(one.shared_out for one in crowd.refused)
    crowd.apart = False
    for _ in range(200):
        crowd.turn([9, 9, 1, 1])
    assert abs(crowd.used - 1000) <= 4


def test_a_lone_process_may_use_everything() -> None:
    one = counter(10.0)
    for _ in range(10):
        one.told(one.begin, 0.0, 0.0, 0, ledger=False)
        one.share_with(1, NOW, fresh=True)
        found = admit([one], ONE, ONE, NOW)
        assert isinstance(found, Lease)
        settle(found, [Consumption(1)], NOW, 1)
    refused = admit([one], ONE, ONE, NOW)
    assert isinstance(refused, Exceeded)
    assert not refused.shared_out


def test_what_can_not_be_parted_goes_one_by_one() -> None:
    one = counter(20.0)
    one.told(one.begin, 17.0, 0.0, 0)
    one.share_with(2, NOW, fresh=True)
    assert isinstance(admit([one], ONE, ONE, NOW), Lease)
    refused = admit([one], ONE, ONE, NOW)
    assert isinstance(refused, Exceeded)
    assert (refused.shared_out, refused.frees_at) == (True, NOW + 1)
    assert isinstance(admit([one], ONE, ONE, NOW + 1), Lease)


def test_a_raised_amount_raises_the_share() -> None:
    one = counter(10.0)
    one.told(one.begin, 10.0, 0.0, 0)
    one.share_with(2, NOW, fresh=True)
    one.lost_sight(NOW, blind=True)
    assert one.ceiling == 10
    one.set_limit(LimitEntry(1, "l", measure="tokens", amount=20.0, window="total"), NOW)
    assert one.ceiling == 15
    one.lost_sight(NOW, blind=False)
    assert one.ceiling == 20


def test_windows_that_slide_are_not_shared_out() -> None:
    one = counter(10.0, window="minute")
    one.told(0.0, 9.0, 0.0, 0)
    one.share_with(4, NOW, fresh=True)
    assert one.ceiling == 10
