"""How many images were made."""

from governance.limits.measure import Consumption, Measure
from governance.texts import gettext_noop


def amount(used: Consumption) -> float:
    units = used.units
    return units.get("images", 0.0) if units else 0.0


MEASURE = Measure(
    "images",
    gettext_noop("Images"),
    "images",
    amount,
    rank=60,
    unit_counted="images",
    in_ledger=("images",),
)
