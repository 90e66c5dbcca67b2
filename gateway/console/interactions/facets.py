"""Values to narrow the list of interactions by, with how many requests each has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

from django.db.models import Max

from gateway.console.interactions.question import FILTERS, InteractionQuestion, named
from gateway.console.monitoring.ranges import MINUTE, TimeRange
from governance.interactions.distinct import values_with
from governance.interactions.filters import ANY_ERROR, ERRORS, RESOLVED, Columns
from governance.interactions.matches import MATCHES, Matches, latest_matches
from governance.interactions.record import FALLBACKS, OUTCOMES
from governance.interactions.traffic_report import (
    TrafficQuestion,
    TrafficReport,
    in_traffic_ledger,
    is_in_ledger,
    traffic_report,
)
from governance.models import (
    ApiKey,
    Group,
    Interaction,
    RoutingProfile,
    UsageBucket,
)

SHOWN: Final = 12
"""Values of one facet."""
FACETS: Final[Mapping[str, str]] = {
    "outcome": "outcome",
    "fallback": "fallback",
    "provider": "provider",
    "model": "model",
    "profile": "profile_id",
    "key": "key_id",
    "group": "group_id",
}
"""Filters that are offered with counts, and their columns."""
TRAFFIC: Final = ("outcome", "fallback", "provider", "model")
"""Columns that the traffic ledger tells apart."""
_MODELS: Final[Mapping[str, Any]] = {"profile": RoutingProfile, "key": ApiKey, "group": Group}


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value to narrow the list by; `query` leads to the list with it, or without it again."""

    label: str
    count: int | None
    query: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """Values of one filter, the most frequent first."""

    name: str
    label: str
    values: tuple[FacetValue, ...]
    more: int
    """How many values there are beside these."""
    exact: bool = True


def span_of(question: InteractionQuestion, now: datetime) -> TimeRange | None:
    """The range, no longer than the log is: ledgers stay when rows are pruned."""
    times = Interaction.objects.values_list("time", flat=True)
    oldest = times.order_by("time", "id").first()
    newest = times.order_by("-time", "-id").first()
    if oldest is None or newest is None:
        return None
    end = question.end or max(now, newest + timedelta(seconds=1))
    begin = max(question.begin or oldest, oldest)
    return TimeRange(min(begin, end - MINUTE), end)


class FoundRows:
    """The rows a question finds, read where a ledger does not tell, and then once."""

    def __init__(self, question: InteractionQuestion) -> None:
        """`question` has both ends."""
        self._question = question
        self.in_ledger = not question.words and is_in_ledger(question.columns)
        """Whether their sums are told by a ledger."""

    @cached_property
    def matches(self) -> Matches:
        return latest_matches(self._question.leads(), self._question.sets(), MATCHES)


class FacetCounts:
    """Requests by value of each filter, in a range; what is asked of a ledger is asked once."""

    def __init__(self, question: InteractionQuestion, span: TimeRange, found: FoundRows) -> None:
        self.question = question
        self._span = span
        self._found = found
        self._passed: dict[str, TrafficReport] = {}

    def of(self, name: str) -> tuple[dict[str, int], bool]:
        """And whether they are exact. Counted without the filter itself, so that another value can
        be chosen, where ledgers tell."""
        column, others = FACETS[name], _without(self.question, name)
        columns: Sequence[str] = (column,)
        of_traffic = in_traffic_ledger({*others, column})
        # The usage ledger is as long as the log, and not sought through for a model or a provider.
        told = of_traffic or not others or not in_traffic_ledger(others)
        if not (self._found.in_ledger and told and is_in_ledger({**others, column: ""})):
            matches = self._found.matches
            return matches.by(column), matches.since is None
        if of_traffic:
            columns = TRAFFIC
            report = self._of_traffic(others)
        else:
            report = self._asked(others, columns)
        place, counts = columns.index(column), Counter[str]()
        for values, sums in report.groups.items():
            counts[values[place]] += sums.requests
        return counts, report.exact

    def _of_traffic(self, others: Columns) -> TrafficReport:
        """Apart by everything at once: most filters have the same others."""
        key = repr(sorted(others.items()))
        if key not in self._passed:
            self._passed[key] = self._asked(others, TRAFFIC)
        return self._passed[key]

    def _asked(self, others: Columns, columns: Sequence[str]) -> TrafficReport:
        asked = TrafficQuestion(self._span.begin, self._span.end, others)
        return traffic_report(asked, columns, counts=("requests",))


def facet(name: str, found: FacetCounts) -> Facet:
    """The most frequent values of a filter."""
    question = found.question
    counts, exact = found.of(name)
    counts = {value: count for value, count in counts.items() if value and count}
    chosen = question.values.get(name)
    ordered = sorted(counts, key=lambda value: (-counts[value], value))
    if name == "outcome":
        errors = sum(counts[one] for one in ERRORS if one in counts)
        if errors:
            counts[ANY_ERROR] = errors
            ordered.insert(0, ANY_ERROR)
    shown = ordered[:SHOWN]
    names = names_of(name, shown)
    return Facet(
        name,
        str(FILTERS[name]),
        tuple(
            facet_value(question, name, value, names.get(value, value), counts[value], chosen)
            for value in shown
        ),
        len(ordered) - len(shown),
        exact,
    )


def _without(question: InteractionQuestion, name: str) -> Columns:
    found: Columns = {}
    for other, value in question.values.items():
        if other != name:
            found |= RESOLVED[other](value)
    return found


def facet_value(
    question: InteractionQuestion,
    name: str,
    value: str,
    label: str,
    count: int | None,
    chosen: str | None,
) -> FacetValue:
    """`chosen`: the value of this filter that is in force."""
    is_chosen = chosen is not None and chosen in (value, label)
    query = question.query(**{name: None if is_chosen else value})
    return FacetValue(label, count, f"?{query}", is_chosen)


def names_of(name: str, values: Sequence[str]) -> dict[str, str]:
    """What values of a filter are called, by one query at most."""
    model = _MODELS.get(name)
    if model is None:
        return {value: named(name, value) for value in values}
    found = {
        str(pk): called
        for pk, called in model.objects.filter(pk__in=values).values_list("pk", "name")
    }
    gone = [value for value in values if value not in found]
    if gone:
        # What they were called when they were last used.
        noted = UsageBucket.objects.filter(**{f"{FACETS[name]}__in": gone}).order_by()
        told = noted.values_list(FACETS[name]).annotate(called=Max(f"{name}_name"))
        found |= {value: called or value for value, called in told}
    return found


def suggested(
    question: InteractionQuestion, name: str, typed: str, now: datetime
) -> list[FacetValue]:
    """Values whose names hold what was typed, with their requests in the range."""
    found = _matching(name, typed)
    span = span_of(question, now)
    counts: dict[Any, int] = {}
    column = FACETS[name]
    if span is not None and found and not question.words:
        columns = {**_without(question, name)}
        if is_in_ledger({**columns, column: ""}):
            columns[f"{column}__in"] = list(found)
            asked = TrafficQuestion(span.begin, span.end, columns)
            report = traffic_report(asked, (column,), counts=("requests",))
            counts = dict.fromkeys(found, 0)
            counts |= {value: sums.requests for (value,), sums in report.groups.items()}
    chosen = question.values.get(name)
    ordered = sorted(found, key=lambda value: (-counts.get(value, 0), found[value]))
    return [
        facet_value(question, name, value, found[value], counts.get(value), chosen)
        for value in ordered
    ]


def _matching(name: str, typed: str) -> dict[str, str]:
    """Values by what they are called."""
    model = _MODELS.get(name)
    if model is not None:
        rows = model.objects.filter(name__icontains=typed).order_by("name")
        return {str(pk): called for pk, called in rows.values_list("pk", "name")[:SHOWN]}
    if name in ("provider", "model"):
        return {value: value for value in values_with(name, typed, SHOWN)}
    words = {value: named(name, value) for value in _words(name)}
    return {value: said for value, said in words.items() if typed.casefold() in said.casefold()}


def _words(name: str) -> Sequence[str]:
    return tuple(OUTCOMES if name == "outcome" else FALLBACKS)
