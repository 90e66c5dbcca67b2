"""How many seconds of sound were heard; counted in whole milliseconds."""

from governance.limits.measure import Consumption, Measure
from governance.texts import gettext_noop


def amount(used: Consumption) -> float:
    units = used.units
    return units.get("audio_seconds", 0.0) if units else 0.0


MEASURE = Measure(
    "audio_seconds",
    gettext_noop("Seconds of sound"),
    gettext_noop("seconds of sound"),
    amount,
    rank=50,
    scale=1000,
    unit_counted="audio_seconds",
    in_ledger=("audio_milliseconds",),
)
