"""The backlog's order, over random arrivals with a clock that is passed in."""

from hypothesis import given
from hypothesis import strategies as st

from inference.local.backlog import Backlog, retry_after

AGEING = 10.0
Arrival = tuple[int, float]

arrivals = st.lists(st.tuples(st.integers(0, 2), st.floats(0, 30)), max_size=40)
"""(rank, seconds since the arrival before)."""


def order_of(pairs: list[Arrival], ageing: float = AGEING) -> list[tuple[int, int, float]]:
    """(number, rank, time) of everything pushed, in the order it comes out."""
    backlog: Backlog[tuple[int, int, float]] = Backlog(ageing)
    now = 0.0
    for number, (rank, pause) in enumerate(pairs):
        now += pause
        backlog.push((number, rank, now), rank, now)
    return [backlog.pop() for _ in range(len(backlog))]


@given(arrivals)
def test_everything_comes_out_once(pairs: list[Arrival]) -> None:
    assert sorted(number for number, _, _ in order_of(pairs)) == list(range(len(pairs)))


@given(arrivals)
def test_equal_ranks_keep_their_order(pairs: list[Arrival]) -> None:
    out = order_of(pairs)
    for rank in range(3):
        numbers = [number for number, own, _ in out if own == rank]
        assert numbers == sorted(numbers)


@given(arrivals)
def test_nobody_is_overtaken_by_a_later_one_past_the_ageing(pairs: list[Arrival]) -> None:
    """No starvation: each rank is worth AGEING seconds and no more."""
    out = order_of(pairs)
    for place, (number, rank, time) in enumerate(out):
        for before_number, before_rank, before_time in out[:place]:
            if before_number > number:
                assert before_time - time <= (rank - before_rank) * AGEING + 1e-6


@given(st.lists(st.integers(0, 2), max_size=20))
def test_better_ranks_go_first_among_those_who_came_together(ranks: list[int]) -> None:
    out = order_of([(rank, 0.0) for rank in ranks])
    assert [rank for _, rank, _ in out] == sorted(ranks)


@given(arrivals)
def test_without_ageing_it_is_first_come_first_served(pairs: list[Arrival]) -> None:
    assert [number for number, _, _ in order_of(pairs, ageing=0.0)] == list(range(len(pairs)))


@given(arrivals, st.data())
def test_removing_one_keeps_the_order_of_the_others(
    pairs: list[Arrival], data: st.DataObject
) -> None:
    backlog: Backlog[list[int]] = Backlog(AGEING)
    items = [[number] for number in range(len(pairs))]
    now = 0.0
    for item, (rank, pause) in zip(items, pairs, strict=True):
        now += pause
        backlog.push(item, rank, now)
    expected = [number for number, _, _ in order_of(pairs)]
    gone = data.draw(st.sampled_from(items)) if items else [99]
    assert backlog.remove(gone) == bool(items)
    assert not backlog.remove(gone)
    assert [backlog.pop()[0] for _ in range(len(backlog))] == [n for n in expected if n != gone[0]]


@given(st.integers(0, 1000), st.integers(0, 64), st.floats(0, 1e6))
def test_retry_after_is_whole_seconds_within_a_minute(ahead: int, slots: int, each: float) -> None:
    assert 1 <= retry_after(ahead, slots, each) <= 60


def test_retry_after_grows_with_the_queue() -> None:
    assert retry_after(1, 1, 4.0) == 4
    assert retry_after(8, 8, 4.0) == 4
    assert retry_after(9, 4, 4.0) == 9
