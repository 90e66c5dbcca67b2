"""What it cost by list prices; what has no known price counts nothing."""

from governance.limits.limit import MICRO
from governance.limits.measure import Consumption, Measure
from governance.texts import gettext_noop


def amount(used: Consumption) -> float:
    return used.cost or 0.0


MEASURE = Measure(
    "cost",
    gettext_noop("Cost"),
    gettext_noop("US dollars"),
    amount,
    threshold="budget",
    rank=30,
    scale=MICRO,
    in_ledger=("cost_micro_usd",),
)
