"""What a request comes to by all measures at once is what each measure says alone."""

from __future__ import annotations

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from governance.limits import MEASURES
from governance.limits.counting.amounts import APART, ARRIVALS, SLOTS, amounts_of
from governance.limits.measure import Consumption

NUMBERS = st.integers(0, 1_000_000)
UNITS = [one.unit_counted for one in MEASURES.values() if one.unit_counted]


@given(
    st.builds(
        Consumption,
        NUMBERS,
        NUMBERS,
        st.none() | st.floats(0, 1e6),
        st.booleans(),
        requests=st.integers(0, 2),
        units=st.none() | st.dictionaries(st.sampled_from(UNITS), NUMBERS),
    )
)
def test_it_works(used: Consumption) -> None:
    found = amounts_of(used)
    for name, measure in MEASURES.items():
        priced = name != "cost" or used.cost is not None
        assert found[SLOTS[name]] == (measure.scaled(used) if priced else inf), name
    assert found[ARRIVALS] == used.requests
    assert found[APART] == inf
