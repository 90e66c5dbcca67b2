"""What a page of interactions is asked to show: filters, words to search for, a range of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gateway.console.monitoring.ranges import PERIODS, in_address, moment_of, period_of
from governance.interactions.filters import ANY_ERROR, ERRORS, RESOLVED, Columns
from governance.interactions.keyset import Rows
from governance.interactions.leading import ahead, fewest, narrowed
from governance.interactions.record import FALLBACKS, OUTCOMES
from governance.interactions.search import meanings
from governance.models import ApiKey, Group, Interaction, RoutingProfile

FILTERS: Final[Mapping[str, str | Promise]] = {
    "outcome": _("Outcome"),
    "fallback": _("Fallback"),
    "profile": _("Routing profile"),
    "provider": _("Provider"),
    "model": _("Model"),
    "key": _("API key"),
    "group": _("Group"),
    "owner": _("Owner"),
    "session": _("Session"),
    "requested_model": _("Model asked for"),
}
"""What requests can be told apart by, and what people call it."""
FORMERLY: Final = {"outcome__exact": "outcome", "fallback__exact": "fallback"}
"""Names in addresses of earlier releases, which bookmarks hold."""
LONGEST: Final = 300
_NAMED: Final[Mapping[str, Any]] = {"profile": RoutingProfile, "key": ApiKey, "group": Group}
_WORDS: Final[Mapping[str, Mapping[str, str | Promise]]] = {
    "outcome": {**OUTCOMES, ANY_ERROR: _("Any error")},
    "fallback": FALLBACKS,
}


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter that is in force, and the address without it."""

    label: str
    value: str
    without: str


@dataclass(frozen=True, slots=True)
class InteractionQuestion:
    """What is asked. `values` holds the filters as they were written."""

    values: Mapping[str, str] = field(default_factory=dict)
    words: str = ""
    period: str = ""
    begin: datetime | None = None
    end: datetime | None = None
    columns: Columns = field(default_factory=dict)
    meanings: tuple[Q, ...] = ()
    """What the words may stand for."""
    lead: str = ""
    """The column whose index is searched; where it is empty, what words stand for has its own."""

    @property
    def narrowed(self) -> bool:
        return bool(self.values or self.words or self.begin or self.end)

    def within(self) -> Rows:
        """All of the range of time, in no order."""
        rows = Interaction.objects.all()
        if self.begin is not None:
            rows = rows.filter(time__gte=self.begin)
        if self.end is not None:
            rows = rows.filter(time__lt=self.end)
        return rows

    def sets(self) -> Sequence[Rows]:
        """Every set of rows that is asked for; each goes along an index of its own."""
        sets = self._by_outcome(narrowed(self.within(), self.columns, self.lead))
        return [one.filter(sense) for one in sets for sense in self.meanings] or sets

    def leads(self) -> Sequence[Rows]:
        """What is found along these indexes before anything else is looked at."""
        sets = self._by_outcome(self.within().filter(**ahead(self.columns, self.lead)))
        senses = () if self.lead else self.meanings
        return [one.filter(sense) for one in sets for sense in senses] or sets

    def _by_outcome(self, rows: Rows) -> Sequence[Rows]:
        """Along the index of outcomes one after the other."""
        if self.lead == "outcome" and "outcome__in" in self.columns:
            return [rows.filter(outcome=outcome) for outcome in ERRORS]
        return [rows]

    def query(self, **changes: str | None) -> str:
        """The address's query, with other values; None leaves one out."""
        held: dict[str, str | None] = dict(self.values)
        held |= {"q": self.words, "period": self.period}
        if not self.period:
            held |= {
                name: in_address(moment) if moment else None
                for name, moment in (("from", self.begin), ("to", self.end))
            }
        held |= changes
        return urlencode({name: value for name, value in held.items() if value})

    def chips(self) -> list[Chip]:
        """Filters that are in force, in words."""
        found = [
            Chip(str(FILTERS[name]), named(name, value), f"?{self.query(**{name: None})}")
            for name, value in self.values.items()
        ]
        if self.words:
            found.insert(0, Chip(str(_("Search")), self.words, f"?{self.query(q=None)}"))
        return found


def question_of(query: Mapping[str, Any], now: datetime, zone: tzinfo) -> InteractionQuestion:
    """What a query string asks. What makes no sense in it is left out."""
    given = {FORMERLY.get(name, name): _clean(value) for name, value in query.items()}
    values = {name: given[name] for name in FILTERS if given.get(name)}
    columns: Columns = {}
    for name, value in values.items():
        columns |= RESOLVED[name](value)
    period = given.get("period", "")
    period = period if period in PERIODS else ""
    begin, end = _ends(given, zone)
    if period:
        begin, end = period_of(period, now).begin, None
    words = given.get("q", "")
    senses = tuple(meanings(words)) if words else ()
    asked = InteractionQuestion(values, words, period, begin, end, columns, senses)
    return replace(asked, lead=_lead(asked))


def _lead(question: InteractionQuestion) -> str:
    """A filter that leaves much is no way to what words stand for."""
    lead, few = fewest(question.within(), question.columns, told=bool(question.words))
    return lead if few or not question.words else ""


def _clean(value: Any) -> str:
    """No database takes a NUL."""
    return str(value).replace("\0", "").strip()[:LONGEST]


def _ends(given: Mapping[str, str], zone: tzinfo) -> tuple[datetime | None, datetime | None]:
    found = []
    for name in ("from", "to"):
        text = given.get(name, "")
        if not text and given.get(f"time_{name}_0"):
            hour = given.get(f"time_{name}_1") or "00:00"
            text = f"{given[f'time_{name}_0']}T{hour}"
        found.append(moment_of(text, zone))
    begin, end = found
    if begin is not None and end is not None and end <= begin:
        end = begin + timedelta(minutes=1)
    return begin, end


def named(name: str, value: str) -> str:
    """A filter's value as people call it."""
    if name in _WORDS:
        return gettext(str(_WORDS[name].get(value, value)))
    if name in _NAMED:
        try:
            found = _NAMED[name].objects.filter(pk=value).values_list("name", flat=True).first()
        except ValueError:
            return value
        return found or value
    return value
