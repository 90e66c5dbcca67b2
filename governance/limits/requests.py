"""How many requests."""

from governance.limits.measure import Consumption, Measure
from governance.texts import gettext_noop


def amount(used: Consumption) -> float:
    return used.requests


MEASURE = Measure(
    "requests",
    gettext_noop("Requests"),
    "requests",
    amount,
    threshold="request",
    rank=10,
    in_ledger=("requests",),
    header="requests",
)
