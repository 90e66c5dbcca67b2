"""While a key has an allotment its headers are filled in, and say what they would say without."""

from __future__ import annotations

import pytest

from governance.limits.counting.admission import Lease
from governance.limits.counting.allotment import BUSY, BoundCounters
from governance.limits.counting.binding import LimitIndex, Who
from governance.limits.counting.book import NONE_BOUND, LimitBook
from governance.limits.limit import LimitEntry
from governance.limits.measure import Consumption
from inference.dispatch.limit_answers import limit_headers

MIDNIGHT = 1_800_057_600.0
FULL = Consumption(10, 20, 0.03, running=True)
USED = Consumption(10, 7, 0.017)
INDEX = LimitIndex(
    [
        LimitEntry(1, "a", measure="requests", amount=100_000, window="minute"),
        LimitEntry(2, "b", measure="tokens", amount=1_000_000, window="hour"),
        LimitEntry(3, "c", measure="tokens", amount=2_000_000, window="day"),
        LimitEntry(4, "d", measure="cost", amount=2_000, window="month"),
        LimitEntry(5, "e", measure="concurrent", amount=5_000),
        LimitEntry(6, "f", measure="tokens", amount=1, window="day", enforcement="warn"),
    ]
)


def request(bound: BoundCounters, now: float, number: int) -> None:
    lease = bound.admit(FULL, FULL, now)
    assert isinstance(lease, Lease)
    bound.settle(lease, [USED], now, number)


@pytest.mark.parametrize("protocol", ["openai", "anthropic"])
def test_they_say_the_same(protocol: str) -> None:
    fast, plain = LimitBook(), LimitBook()
    bound = fast.of_request(INDEX, Who("k"), MIDNIGHT - 70)
    other = BoundCounters(plain.of_request(INDEX, Who("k"), MIDNIGHT - 70))
    now, filled = MIDNIGHT - 70, 0
    for number in range(1, 1_500):
        now += 0.003 if number % 100 else 0.7
        for one in (bound, other):
            request(one, now, number)
        filled += now < bound.until
        told = limit_headers(bound, NONE_BOUND, protocol, now)
        assert told == limit_headers(other, NONE_BOUND, protocol, now)
        assert len(told) == 7
    assert filled > 100 * BUSY
