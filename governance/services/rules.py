"""Writing heuristic rules and their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from governance import documents
from governance.errors import Invalid, NotFound, check
from governance.models import HeuristicRule
from governance.routing.fields import Problem
from governance.rows import fill_rule
from governance.rules.heuristics import rule_problems
from governance.services.change import Change, change
from governance.services.profiles import Saved

KIND = "heuristic rule"


def save_rule(document: object, *, who: str, existing: str | None = None) -> Saved:
    """Creates a rule behind all others, or at its `position`, or replaces the `existing` one.

    Raises `Invalid`, `NotFound`.
    """
    with change(who, "save") as made:
        row = HeuristicRule() if existing is None else find_rule(existing)
        before = None if existing is None else documents.heuristic_rule(row)
        others = list(HeuristicRule.objects.exclude(pk=row.pk))
        found = rule_problems(document, others=[other.name for other in others])
        found += position_problems(document)
        check(found)
        assert isinstance(document, Mapping)
        fill_rule(row, document)
        wanted = document.get("position")
        if wanted is None:
            wanted = row.position if before else len(others)
        others.insert(wanted, row)
        row.position = others.index(row)
        row.full_clean()
        row.save()
        made.note(KIND, row.name, before, documents.heuristic_rule(row))
        _renumber(made, [other for other in others if other is not row], around=row.position)
        return Saved(documents.heuristic_rule(row))


def delete_rule(name: str, *, who: str) -> None:
    """Raises `NotFound`."""
    with change(who, "delete") as made:
        row = find_rule(name)
        made.note(KIND, row.name, documents.heuristic_rule(row), None)
        row.delete()
        _renumber(made, list(HeuristicRule.objects.all()))


def reorder_rules(names: object, *, who: str) -> list[str]:
    """Puts the rules in this order; it must name each of them once. Raises `Invalid`."""
    with change(who, "reorder") as made:
        rows = {row.name.casefold(): row for row in HeuristicRule.objects.all()}
        wanted: list[str] = []
        if isinstance(names, Sequence) and not isinstance(names, str):
            wanted = [name.casefold() for name in names if isinstance(name, str)]
        if sorted(wanted) != sorted(rows) or not isinstance(names, Sequence):
            known = ", ".join(row.name for row in rows.values()) or "none"
            message = f"order must name each rule once: {known}."
            raise Invalid(Problem("order", "order", message))
        ordered = [rows[name] for name in wanted]
        _renumber(made, ordered)
        return [row.name for row in ordered]


def find_rule(name: str) -> HeuristicRule:
    """The rule of this name, whatever its case. Raises `NotFound`."""
    row = None if "\x00" in name else HeuristicRule.objects.filter(name__iexact=name).first()
    if row is None:
        raise NotFound(Problem("", "not_found", f'There is no heuristic rule "{name}".'))
    return row


def position_problems(document: object) -> list[Problem]:
    """A position is a whole number from 0."""
    position = document.get("position") if isinstance(document, Mapping) else None
    if position is None or (type(position) is int and 0 <= position <= 1_000_000):
        return []
    return [Problem("position", "range", "position must be a whole number from 0 to 1,000,000.")]


def _renumber(made: Change, rows: list[HeuristicRule], around: int | None = None) -> None:
    """Gives the rows the positions 0, 1, 2 and so on, without the one that is taken."""
    place = 0
    for row in rows:
        place += place == around
        if row.position != place:
            before = documents.heuristic_rule(row)
            row.position = place
            row.save(update_fields=("position",))
            made.note(KIND, row.name, before, documents.heuristic_rule(row))
        place += 1
