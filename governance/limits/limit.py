"""A limit as the request path reads it: whose use of what is counted, and in which windows.

Standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from governance.texts import gettext_noop

SUBJECTS: Final[Mapping[str, str]] = {
    "key": gettext_noop("An API key"),
    "group": gettext_noop("A group of keys"),
    "profile": gettext_noop("A routing profile"),
    "provider": gettext_noop("A provider"),
    "everything": gettext_noop("Everything"),
}
EACH: Final[Mapping[str, str]] = {
    "key": gettext_noop("Each key"),
    "session": gettext_noop("Each conversation or agent run"),
}
ENFORCEMENTS: Final[Mapping[str, str]] = {
    "refuse": gettext_noop("Refuse"),
    "warn": gettext_noop("Warn only"),
    "divert": gettext_noop("Send to local or cheaper targets only"),
}
UNPRICED: Final[Mapping[str, str]] = {
    "refuse": gettext_noop("Refuse it"),
    "free": gettext_noop("Nothing"),
    "rate": gettext_noop("A fixed rate"),
}
SLIDING: Final[Mapping[str, float]] = {"second": 1.0, "minute": 60.0, "hour": 3600.0}
"""Windows that slide, and their seconds."""
WINDOWS: Final[Mapping[str, str]] = {
    "second": gettext_noop("Second"),
    "minute": gettext_noop("Minute"),
    "hour": gettext_noop("Hour"),
    "day": gettext_noop("Day"),
    "week": gettext_noop("Week"),
    "month": gettext_noop("Month"),
    "quarter": gettext_noop("Quarter"),
    "year": gettext_noop("Year"),
    "total": gettext_noop("Without end"),
}
MICRO: Final = 1_000_000
"""Cost is counted in whole millionths of a US dollar."""


@dataclass(frozen=True, slots=True)
class Extra:
    """A grant: `amount` more from `begin` until `end`, Unix times in seconds."""

    amount: float
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class LimitEntry:
    """One limit. Amounts are in the measure's own unit, cost in millionths of a US dollar."""

    id: int
    name: str
    subject_type: str = "everything"
    subject_id: str = ""
    """A key's, group's or profile's id, or a provider's casefolded name."""
    each: str = ""
    """`key` or `session`: each has the whole amount; empty: all share it."""
    provider: str = ""
    """Casefolded; empty: every one."""
    model: str = ""
    """A glob; empty: every one."""
    measure: str = "requests"
    amount: float = 0.0
    window: str = "month"
    time_zone: str = "UTC"
    window_day: int = 1
    window_hour: int = 0
    enforcement: str = "refuse"
    strict: bool = False
    weight_input: float = 1.0
    weight_output: float = 1.0
    weight_cached: float = 1.0
    weight_reasoning: float = 1.0
    warn_at: tuple[float, ...] = ()
    unpriced_mode: str = "free"
    unpriced_rate: float = 0.0
    """US dollars for a million tokens."""
    enabled: bool = True
    extras: tuple[Extra, ...] = ()
    subject_name: str = ""
    """What people call the subject; empty: its id."""

    @property
    def owner(self) -> str:
        """Whose limit it is, as a sentence goes on: `the group "Blue"`."""
        kind = self.subject_type
        if kind == "everything":
            return "this service"
        word = {"key": "API key", "profile": "routing profile"}.get(kind, kind)
        return f'the {word} "{self.subject_name or self.subject_id}"'

    @property
    def of_target(self) -> bool:
        """It is about where a request is sent, so that it skips targets and refuses nobody."""
        return self.subject_type == "provider" or bool(self.provider or self.model)

    @property
    def weighs(self) -> bool:
        """Whether kinds of tokens count differently."""
        return not (
            self.weight_input
            == self.weight_output
            == self.weight_cached
            == self.weight_reasoning
            == 1.0
        )

    def allowed(self, now: float) -> float:
        """The amount with what is granted at this moment."""
        amount = self.amount
        for extra in self.extras:
            if extra.begin <= now < extra.end:
                amount += extra.amount
        return amount
