"""Writing heuristic rules and their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from governance import documents
from governance.errors import Invalid, NotFound, check
from governance.models import HeuristicRule
from governance.routing.fields import Problem
from governance.rows import fill_rule
from governance.rules.heuristics import rule_problems, unknown_rule_fields
from governance.services.change import Change, change
from governance.services.profiles import Saved

KIND = "heuristic rule"


def save_rule(document: object, *, who: str, existing: int | None = None) -> Saved:
    """Creates a rule behind all others, or at its `position`, or replaces the `existing` one.

    Raises `Invalid`, `NotFound`.
    """
    with change(who, "save") as made:
        row = HeuristicRule() if existing is None else find_rule(existing)
        before = None if existing is None else documents.heuristic_rule(row)
        others = list(HeuristicRule.objects.exclude(pk=row.pk))
        found = rule_problems(document, others=[other.name for other in others])
        check([*found, *position_problems(document)])
        assert isinstance(document, Mapping)
        fill_rule(row, document)
        wanted = document.get("position")
        if wanted is None:
            wanted = row.position if before else len(others)
        row.position = min(wanted, len(others))
        row.full_clean()
        row.save()
        after = documents.heuristic_rule(row)
        made.note(KIND, row.pk, row.name, before, after)
        others.insert(row.position, row)
        renumber(made, others)
        return Saved(after, tuple(unknown_rule_fields(document)))


def delete_rule(identity: int, *, who: str) -> None:
    """Raises `NotFound`."""
    with change(who, "delete") as made:
        row = find_rule(identity)
        made.note(KIND, row.pk, row.name, documents.heuristic_rule(row), None)
        row.delete()
        renumber(made, HeuristicRule.objects.all())


def reorder_rules(identities: object, *, who: str) -> list[dict[str, Any]]:
    """Puts the rules in this order of ids, which names each of them once. Raises `Invalid`."""
    with change(who, "reorder") as made:
        rows = {row.pk: row for row in HeuristicRule.objects.all()}
        sound = isinstance(identities, list | tuple) and all(type(one) is int for one in identities)
        if not sound or sorted(identities) != sorted(rows):  # type: ignore[call-overload]
            known = ", ".join(map(str, rows)) or "there are none"
            message = f"order must be a list that names the id of each rule once: {known}."
            raise Invalid(Problem("order", "order", message))
        ordered = [rows[identity] for identity in identities]  # type: ignore[attr-defined]
        renumber(made, ordered)
        return [documents.heuristic_rule(row) for row in ordered]


def find_rule(identity: int) -> HeuristicRule:
    """The rule of this id. Raises `NotFound`."""
    row = HeuristicRule.objects.filter(pk=identity).first()
    if row is None:
        message = f"There is no heuristic rule with the id {identity}."
        raise NotFound(Problem("", "not_found", message))
    return row


def position_problems(document: object) -> list[Problem]:
    """A position is a whole number from 0."""
    position = document.get("position") if isinstance(document, Mapping) else None
    if position is None or (type(position) is int and 0 <= position <= 1_000_000):
        return []
    return [Problem("position", "range", "position must be a whole number from 0 to 1,000,000.")]


def renumber(made: Change, rows: Iterable[HeuristicRule]) -> None:
    """Gives the rows the positions 0, 1, 2 and so on."""
    for place, row in enumerate(rows):
        if row.position != place:
            before = documents.heuristic_rule(row)
            row.position = place
            row.save(update_fields=("position",))
            made.note(KIND, row.pk, row.name, before, documents.heuristic_rule(row))
