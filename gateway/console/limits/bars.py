"""How much of a limit is used, drawn and said."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy, ngettext_lazy

from governance.limits.counting.counter import CONCURRENT
from governance.limits.limit import LimitEntry
from governance.limits.words import amount_words
from governance.limits_in_force import LimitUse, use_of

_UNITS: Final = (
    (86_400, ngettext_lazy("%(count)d day", "%(count)d days", "count")),
    (3_600, ngettext_lazy("%(count)d hour", "%(count)d hours", "count")),
    (60, ngettext_lazy("%(count)d minute", "%(count)d minutes", "count")),
    (1, ngettext_lazy("%(count)d second", "%(count)d seconds", "count")),
)


_USED: Final = {
    "": gettext_lazy("%(used)s of %(amount)s used"),
    "key": gettext_lazy("%(used)s of %(amount)s used, by all keys"),
    "session": gettext_lazy("%(used)s of %(amount)s used, by all sessions"),
}


@dataclass(frozen=True, slots=True)
class LimitBar:
    """Percent of the amount; what is held stands behind what is used."""

    used: float
    held: float
    words: str

    @property
    def tone(self) -> str:
        return "bad" if self.used >= 100 else "warn" if self.used >= 80 else "good"


def bar_of(limit: LimitEntry, use: LimitUse | None = None) -> LimitBar:
    use = use or use_of(limit)
    whole = use.amount or 1.0
    used = min(100.0, 100 * use.used / whole)
    held = 0.0 if limit.measure == CONCURRENT else min(100 - used, 100 * use.held / whole)
    words = _USED[limit.each] % {
        "used": amount_words(limit, use.used),
        "amount": amount_words(limit, use.amount),
    }
    if use.held and limit.measure != CONCURRENT:
        words += gettext(", %(amount)s held") % {"amount": amount_words(limit, use.held)}
    if use.resets:
        words += gettext("; counted afresh in %(time)s") % {
            "time": span(use.window.end - time.time())
        }
    return LimitBar(used, held, words)


def drawn(bar: LimitBar) -> SafeString:
    """As an SVG, with its words beneath."""
    return format_html(
        '<svg class="pm-bar" viewBox="0 0 100 4" preserveAspectRatio="none" role="img" '
        'aria-label="{words}"><rect class="pm-bar-all" width="100" height="4"/>'
        '<rect class="pm-bar-held" width="{both}" height="4"/>'
        '<rect class="pm-bar-used" data-tone="{tone}" width="{used}" height="4"/></svg>'
        '<span class="pm-bar-words">{words}</span>',
        words=bar.words,
        used=f"{bar.used:.1f}",
        both=f"{bar.used + bar.held:.1f}",
        tone=bar.tone,
    )


def span(seconds: float) -> str:
    """The two largest units: `3 days`, `2 hours`, `1 minute`."""
    for length, unit in _UNITS:
        if seconds >= length:
            return unit % {"count": int(seconds // length)}
    return gettext("a moment")
