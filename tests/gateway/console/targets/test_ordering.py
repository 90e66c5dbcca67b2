"""One order: what lies first on the page is tried first, and no more is written than need be."""

from __future__ import annotations

from math import inf

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.console.targets.ordering import Row, arranged, in_order, steps
from governance.models import RoutingTarget

FAILOVER = "ordered_failover"
PAIRS = st.lists(
    st.tuples(st.integers(-2, 2), st.sampled_from((0, 0.5, 1, 3))), min_size=1, max_size=6
)


def saved(pairs: list[tuple[int, float]]) -> list[RoutingTarget]:
    return [
        RoutingTarget(provider="p", priority=priority, weight=weight, position=place)
        for place, (priority, weight) in enumerate(pairs)
    ]


def on_the_page(targets: list[RoutingTarget]) -> list[Row]:
    return [
        Row(targets[one].position, targets[one].priority, targets[one].weight)
        for one in in_order(targets, FAILOVER)
    ]


def tried(rows: list[Row], order: list[int], priorities: list[int]) -> list[int]:
    """The order that a profile with this list of targets tries its rows in."""
    listed = enumerate(order)
    return [
        one
        for _, one in sorted(listed, key=lambda at: (priorities[at[1]], -rows[at[1]].weight, at[0]))
    ]


def test_it_works() -> None:
    """The second dragged above the first: the list says it, and no priority is needed."""
    assert arranged([Row(1, 0, 1), Row(0, 0, 1)], FAILOVER) == ([0, 1], [0, 0])
    assert arranged([Row(1, 5, 1), Row(0, 0, 1)], FAILOVER) == ([0, 1], [0, 1])


@settings(max_examples=60, deadline=None)
@given(PAIRS)
def test_what_was_only_opened_is_written_as_it_was(pairs: list[tuple[int, float]]) -> None:
    targets = saved(pairs)
    shown = in_order(targets, FAILOVER)
    order, priorities = arranged(on_the_page(targets), FAILOVER)
    assert [shown[one] for one in order] == list(range(len(targets)))
    assert [priorities[one] for one in order] == [priority for priority, _ in pairs]


@settings(max_examples=60, deadline=None)
@given(PAIRS, st.randoms(use_true_random=False))
def test_however_rows_are_dragged_the_first_is_tried_first(
    pairs: list[tuple[int, float]], rng: object
) -> None:
    rows = on_the_page(saved(pairs))
    rng.shuffle(rows)  # type: ignore[attr-defined]  # hypothesis's own
    rows.append(Row(inf, None, None))
    order, priorities = arranged(rows, FAILOVER)
    weighed = [row._replace(weight=1 if row.weight is None else row.weight) for row in rows]
    assert tried(weighed, order, priorities) == list(range(len(rows)))


def test_equals_stay_equals() -> None:
    """A group that shares a priority keeps sharing one, whatever is dragged around it."""
    rows = [Row(2, 9, 1), Row(0, 0, 1), Row(1, 0, 1)]
    assert arranged(rows, FAILOVER).priorities == [0, 1, 1]


def test_a_strategy_without_priorities_keeps_them() -> None:
    assert arranged([Row(1, 5, 1), Row(0, 0, 3)], "weighted") == ([0, 1], [5, 0])


def test_what_cannot_be_read_is_left_to_the_rules() -> None:
    assert arranged([Row(0, "soon", 1), Row(1, 0, 1)], FAILOVER) == ([0, 1], ["soon", 0])


def test_dividers_stand_where_some_share_a_priority() -> None:
    assert steps([0, 0, 1]) == [False, False, True]
    assert steps([0, 1, 2]) == [False] * 3
    assert steps([4, 4]) == [False, False]
    assert steps([]) == []
