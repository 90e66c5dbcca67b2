"""A condition of alerts: from what happened lately to what deserves a message."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from governance.alerts.signals import Signals


@dataclass(frozen=True, slots=True)
class AlertRuleEntry:
    """What an operator set, as conditions read it, with their defaults for what was left out."""

    id: int
    name: str
    condition: str
    threshold: float | None = None
    subject: str = ""
    """Id or name of the only thing that is watched; empty: every one."""
    minutes: int = 15
    least: float = 0
    """Fewer requests than this, or less money, say nothing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that holds now. It is told once for each cause and period."""

    cause: str
    """Tells it apart from other findings of the rule; stays the same while it lasts."""
    period: str
    """The time within which it is told once."""
    title: str
    detail: str
    value: float
    kind: str = ""
    """What it is about: `limit`, `provider`, `profile`, `group`, or nothing in particular."""
    subject: str = ""
    """Its id, or a provider's name."""
    said_by: str = ""
    """The cause of another finding that says the same and more."""


def _over(cause: str, period: str, signals: Signals) -> bool:
    """What is not found any more is over."""
    return True


@dataclass(frozen=True, slots=True)
class AlertCondition:
    """Something that can be watched."""

    name: str
    label: str
    help: str
    find: Callable[[AlertRuleEntry, Signals], Iterable[Finding]]
    unit: str
    """Of the threshold: `percent` or `seconds`."""
    watches: str
    """What the alert's `subject` names: `limit`, `group`, `profile` or `provider`."""
    threshold: float | None
    """Where the operator gives none; None: where it is, says the thing itself."""
    minutes: int = 15
    least: float = 0
    rank: int = 100
    ends_with_period: bool = False
    """It is over when its period is, and the next period is told of anew."""
    over: Callable[[str, str, Signals], bool] = _over
    """Whether what was told, of this cause and period, is over now that it is not found."""


def hour_of(moment: datetime) -> str:
    """The period of what may come and go within minutes."""
    return f"{moment:%Y-%m-%dT%H}"


def percent(share: float) -> str:
    """`12 %`, `0.4 %`."""
    return f"{share:.0f} %" if share >= 10 else f"{share:.1f} %"
