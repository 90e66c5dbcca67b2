"""How many requests at a time."""

from governance.limits.measure import Consumption, Measure


def amount(used: Consumption) -> float:
    return 1.0 if used.running else 0.0


MEASURE = Measure("concurrent", "Concurrent requests", "requests at a time", amount, rank=40)
