"""What limits count, a measure a file. `docs/adding.md` tells how to add one.

Standard library only.
"""

from __future__ import annotations

from typing import Final

from governance.limits.measure import Consumption, Measure
from governance.limits.share import Share, highest
from governance.registry import Registry

__all__ = ["MEASURES", "Consumption", "Measure", "Share", "highest", "measures"]

MEASURES: Final[Registry[Measure]] = Registry("MEASURE", Measure)
MEASURES.discover(__name__)


def measures() -> list[tuple[str, str]]:
    """What can be limited, as fields take choices."""
    return MEASURES.choices()
