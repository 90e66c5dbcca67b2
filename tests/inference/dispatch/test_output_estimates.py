"""How long answers get: the 90th percentile of the last ones, whatever came before."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from inference.dispatch.output_estimates import REMEMBERED, UNKNOWN, OutputEstimates

PLACE = ("p", "m")


@settings(max_examples=30)
@given(st.lists(st.integers(0, 50), max_size=3 * REMEMBERED))
def test_it_works(lengths: list[int]) -> None:
    estimates = OutputEstimates()
    assert estimates.guess(PLACE, "chat", None) == UNKNOWN
    for count, length in enumerate(lengths, 1):
        estimates.learn(PLACE, length)
        last = sorted(lengths[:count][-REMEMBERED:])
        assert estimates.guess(PLACE, "chat", None) == last[len(last) * 9 // 10]
    assert estimates.guess(PLACE, "chat", 0) == 0
    assert estimates.guess(PLACE, "embeddings", None) == 0
