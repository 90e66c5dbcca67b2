"""How many requests."""

from governance.limits.measure import Consumption, Measure


def amount(used: Consumption) -> float:
    return used.requests


MEASURE = Measure(
    "requests",
    "Requests",
    "requests",
    amount,
    threshold="request",
    rank=10,
    in_ledger=("requests",),
    header="requests",
)
