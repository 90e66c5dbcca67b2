"""`make bench-limits`: what checking and settling limits costs a request.

Four levels (key, two groups, profile) of three windows each, as `performance.md` bounds it.
"""

from __future__ import annotations

import gc
import statistics
import time

from governance.limits.counting.admission import Lease
from governance.limits.counting.binding import LimitIndex, Who
from governance.limits.counting.book import LimitBook
from governance.limits.limit import LimitEntry
from governance.limits.measure import Consumption

ROUNDS = 200
REQUESTS = 150
"""Of a round: what a process answers between two tellings of what it used, at each of which its
allotments end."""
LEVELS = (("key", "k"), ("group", "team"), ("group", "customer"), ("profile", "p"))
WINDOWS = (("requests", "minute"), ("tokens", "day"), ("cost", "month"))


def index() -> LimitIndex:
    places = [(level, window) for level in LEVELS for window in WINDOWS]
    return LimitIndex(
        LimitEntry(place, f"l{place}", *level, measure=measure, amount=1e12, window=window)
        for place, (level, (measure, window)) in enumerate(places)
    )


def measured(requests: int = REQUESTS) -> tuple[float, float]:
    """Microseconds to find and check twelve limits, and to settle them: the median round."""
    limits, book, now = index(), LimitBook(), time.time()
    who = Who("k", ("team", "customer"), "p")
    full = Consumption(1000, 500, 0.01, running=True)
    least, used = Consumption(1000, 0, 0.005, running=True), [Consumption(1000, 400, 0.009)]
    checks, settles = [], []
    for _ in range(ROUNDS):
        leases: list[Lease] = []
        began = time.process_time()
        for _ in range(requests):
            found = book.of_request(limits, who, now).admit(full, least, now)
            assert isinstance(found, Lease)
            leases.append(found)
        checked = time.process_time()
        for number, lease in enumerate(leases, 1):
            book.of_request(limits, who, now).settle(lease, used, now, number)
        book.allotments.fold()
        settled = time.process_time()
        for one in book.counters.values():
            # As when the collector has told that it holds them.
            one.pending.clear()
            one.batches = None
        checks.append((checked - began) / requests * 1e6)
        settles.append((settled - checked) / requests * 1e6)
    return statistics.median(checks), statistics.median(settles)


if __name__ == "__main__":
    # As the web process has it.
    gc.set_threshold(20_000, 50, 100)
    check, settled = measured()
    print(f"check of twelve limits: {check:.2f} us; settlement: {settled:.2f} us")
