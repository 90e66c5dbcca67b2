"""The strategies of routing profiles, a file each. `docs/adding.md` tells how to add one.

Standard library only; nothing outside this package compares their names.
"""

from __future__ import annotations

from typing import Final

from governance.registry import Registry
from governance.strategies.strategy import Strategy
from governance.texts import gettext

__all__ = ["DEFAULT", "STRATEGIES", "Strategy", "choices", "help_text", "strategy_named"]

STRATEGIES: Final[Registry[Strategy]] = Registry("STRATEGY", Strategy)
STRATEGIES.discover(__name__)

DEFAULT: Final = "ordered_failover"
"""The one that profiles have unless they say otherwise."""


def choices() -> list[tuple[str, str]]:
    """What a model field offers; asked each time, so that a new strategy needs no migration."""
    return STRATEGIES.choices()


def strategy_named(name: str) -> Strategy:
    """The default stands in for one that is not installed any more."""
    return STRATEGIES.get(name) or STRATEGIES[DEFAULT]


def help_text() -> str:
    """What each does, as one sentence for operators."""
    said = [f"{gettext(one.label)} {gettext(one.help)}" for one in STRATEGIES.values()]
    return "; ".join([said[0], *(text[0].lower() + text[1:] for text in said[1:])]) + "."
