"""The memory budget as a pure plan, over random fleets."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from inference.local.supervision.memory import MemoryVerdict, Resident, find_excess, find_room


def make_resident(name: str, size_bytes: int, last_used: float, phase: str) -> Resident:
    return Resident(name, size_bytes, last_used, phase == "idle", phase == "leaving")


RESIDENTS = st.lists(
    st.builds(
        make_resident,
        st.uuids().map(str),
        st.integers(1, 50),
        st.floats(0, 100),
        st.sampled_from(["idle", "busy", "leaving"]),
    ),
    max_size=7,
)
BUDGET, MOST = st.integers(1, 120), st.integers(0, 6)


def fits(needed: int, kept: list[Resident], budget: int, most: int) -> bool:
    enough = sum(r.size_bytes for r in kept) + needed <= budget
    return enough and (not most or len(kept) < most)


@given(st.integers(0, 60), RESIDENTS, BUDGET, MOST)
def test_evictions_are_allowed_sufficient_and_necessary(
    needed: int, residents: list[Resident], budget: int, most: int
) -> None:
    """No model in use is evicted, what goes is enough, and no smaller part of it would be."""
    room = find_room(needed, residents, budget, most)
    staying = [r for r in residents if not r.leaving]
    idle = [r for r in staying if r.evictable]
    busy = [r for r in staying if not r.evictable]
    match room.verdict:
        case MemoryVerdict.TOO_LARGE:
            assert needed > budget
        case MemoryVerdict.FITS:
            assert fits(needed, residents, budget, most)
        case MemoryVerdict.LEAVING:
            assert fits(needed, staying, budget, most)
            assert set(room.names) == {r.name for r in residents if r.leaving}
        case MemoryVerdict.BLOCKED:
            assert not fits(needed, busy, budget, most)
        case MemoryVerdict.EVICT:
            assert set(room.names) <= {r.name for r in idle}
            kept = [r for r in staying if r.name not in room.names]
            assert fits(needed, kept, budget, most)
            for fewer in combinations(room.names, len(room.names) - 1):
                assert not fits(needed, [r for r in staying if r.name not in fewer], budget, most)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=8, unique=True), st.integers(1, 8))
def test_of_equal_models_the_least_recently_used_go(times: list[float], wanted: int) -> None:
    residents = [Resident(str(at), 10, at, evictable=True) for at in times]
    wanted = min(wanted, len(times))
    room = find_room(10 * wanted, residents, 10 * len(times))
    assert room.verdict is MemoryVerdict.EVICT
    assert set(room.names) == {str(at) for at in sorted(times)[:wanted]}


def test_a_small_old_model_is_spared_when_a_larger_one_has_to_go_anyway() -> None:
    old = Resident("old", 1, 1.0, evictable=True)
    large = Resident("large", 9, 2.0, evictable=True)
    assert find_room(9, [old, large], 10).names == ("large",)


@given(RESIDENTS, BUDGET)
def test_excess_names_idle_models_until_the_rest_fits(
    residents: list[Resident], budget: int
) -> None:
    names = find_excess(residents, budget)
    staying = [r for r in residents if not r.leaving]
    idle = {r.name for r in staying if r.evictable}
    assert set(names) <= idle
    rest = sum(r.size_bytes for r in staying if r.name not in names)
    assert rest <= budget or set(names) == idle
    if sum(r.size_bytes for r in staying) <= budget:
        assert names == ()
