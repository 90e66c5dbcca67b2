"""How many characters of text were made into sound."""

from governance.limits.measure import Consumption, Measure
from governance.texts import gettext_noop


def amount(used: Consumption) -> float:
    units = used.units
    return units.get("characters", 0.0) if units else 0.0


MEASURE = Measure(
    "characters",
    gettext_noop("Characters spoken"),
    gettext_noop("characters spoken"),
    amount,
    rank=70,
    unit_counted="characters",
    in_ledger=("characters",),
)
