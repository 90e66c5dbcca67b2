"""How many requests at a time."""

from governance.limits.measure import Consumption, Measure
from governance.texts import gettext_noop


def amount(used: Consumption) -> float:
    return 1.0 if used.running else 0.0


MEASURE = Measure(
    "concurrent",
    gettext_noop("Concurrent requests"),
    gettext_noop("requests at a time"),
    amount,
    rank=40,
)
