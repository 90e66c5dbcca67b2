"""How many requests."""

from governance.limits.measure import Consumption, Measure


def amount(used: Consumption) -> float:
    return 1.0


MEASURE = Measure("requests", "Requests", "requests", amount, threshold="request", rank=10)
