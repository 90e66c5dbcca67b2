"""Writing heuristic rules and their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext

from governance.errors import Invalid, NotFound, check
from governance.models import HeuristicRule
from governance.routing.fields import Problem
from governance.serializers import RuleSerializer
from governance.services.change import Change, Saved, change, merged
from governance.services.versions import Versions, expect

KIND = "heuristic rule"


def save_rule(
    document: object,
    *,
    who: str,
    existing: int | None = None,
    partial: bool = False,
    expected: Versions | None = None,
) -> Saved:
    """Creates a rule behind all others, or at its `position`, or replaces the `existing` one.

    `partial` keeps what the document does not name. Raises `Invalid`, `NotFound`,
    and `StaleVersion` for one of another version than `expected`.
    """
    with change(who, "save") as made:
        row = HeuristicRule() if existing is None else find_rule(existing)
        expect(KIND, row, expected)
        before = None if existing is None else RuleSerializer.document(row)
        if partial and before is not None:
            document = merged(before, document)
        others = list(row.others())
        check(RuleSerializer.problems(document, others=[other.name for other in others]))
        assert isinstance(document, Mapping)
        held = row.position if before else len(others)
        RuleSerializer.fill(row, document)
        wanted = document.get("position")
        row.position = min(held if wanted is None else wanted, len(others))
        row.full_clean()
        row.save()
        after = RuleSerializer.document(row)
        made.note(KIND, row.pk, row.name, before, after)
        others.insert(row.position, row)
        renumber(made, others)
        return made.saved(KIND, row, after, RuleSerializer.unknown(document))


def delete_rule(identity: int, *, who: str, expected: Versions | None = None) -> None:
    """Raises `NotFound`, `StaleVersion`."""
    with change(who, "delete") as made:
        row = find_rule(identity)
        expect(KIND, row, expected)
        made.note(KIND, row.pk, row.name, RuleSerializer.document(row), None)
        row.delete()
        renumber(made, HeuristicRule.objects.all())


def reorder_rules(identities: object, *, who: str) -> list[dict[str, Any]]:
    """Puts the rules in this order of ids, which names each of them once. Raises `Invalid`."""
    with change(who, "reorder") as made:
        rows = {row.pk: row for row in HeuristicRule.objects.all()}
        sound = isinstance(identities, list | tuple) and all(type(one) is int for one in identities)
        if not sound or sorted(identities) != sorted(rows):  # type: ignore[call-overload]
            known = ", ".join(map(str, rows)) or gettext("there are none")
            message = gettext(
                "order must be a list that names the id of each rule once: %(known)s."
            ) % {"known": known}
            raise Invalid(Problem("order", "order", message))
        ordered = [rows[identity] for identity in identities]  # type: ignore[attr-defined]
        renumber(made, ordered)
        return [RuleSerializer.document(row) for row in ordered]


def find_rule(identity: int) -> HeuristicRule:
    """The rule of this id. Raises `NotFound`."""
    row = HeuristicRule.objects.filter(pk=identity).first()
    if row is None:
        message = gettext("There is no heuristic rule with the id %(identity)s.") % {
            "identity": identity
        }
        raise NotFound(Problem("", "not_found", message))
    return row


def save_problems(document: object, row: HeuristicRule) -> list[Problem]:
    """Every rule the document breaks beside what is saved; `row` is the rule it replaces."""
    return RuleSerializer.problems(document, others=row.others().values_list("name", flat=True))


def renumber(made: Change, rows: Iterable[HeuristicRule]) -> None:
    """Gives the rows the positions 0, 1, 2 and so on."""
    for place, row in enumerate(rows):
        if row.position != place:
            before = RuleSerializer.document(row)
            row.position = place
            row.save(update_fields=("position",))
            made.note(KIND, row.pk, row.name, before, RuleSerializer.document(row))
