"""What operators are warned of, a condition a file. `docs/adding.md` tells how to add one.

Pure: what happened is passed in (`signals.Signals`), what to say comes out.
"""

from __future__ import annotations

from typing import Final

from governance.alerts.condition import AlertCondition, AlertRuleEntry, Finding
from governance.registry import Registry

__all__ = ["CONDITIONS", "AlertCondition", "AlertRuleEntry", "Finding", "condition_names"]

CONDITIONS: Final[Registry[AlertCondition]] = Registry("CONDITION", AlertCondition)
CONDITIONS.discover(__name__)


def condition_names() -> list[tuple[str, str]]:
    """What can be watched, as fields take choices."""
    return CONDITIONS.choices()
