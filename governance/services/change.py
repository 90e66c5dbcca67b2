"""The frame of every write: one transaction, one version, one revision."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model

from governance import audit, snapshot
from governance.change_summary import changed, described, sentence
from governance.errors import from_validation_error
from governance.models import (
    AlertRule,
    ApiKey,
    Group,
    HeuristicRule,
    KeyAllowance,
    Limit,
    LimitGrant,
    ModelMapping,
    ModelPrice,
    Provider,
    Revision,
    RoutingProfile,
    TableVersion,
)
from governance.routing.fields import Problem

SECTIONS: Final = {
    "provider": "providers",
    "routing profile": "profiles",
    "API key": "keys",
    "heuristic rule": "rules",
    "model mapping": "rules",
    "group": "limits",
    "limit": "limits",
    "extra amount": "limits",
    "price": "limits",
}
"""The section of the table that each kind of thing belongs to; others are no part of it."""

MODELS: Final[Mapping[str, type[Model]]] = {
    "provider": Provider,
    "routing profile": RoutingProfile,
    "API key": ApiKey,
    "heuristic rule": HeuristicRule,
    "model mapping": ModelMapping,
    "group": Group,
    "limit": Limit,
    "extra amount": LimitGrant,
    "price": ModelPrice,
    "alert": AlertRule,
    "key allowance": KeyAllowance,
}
"""The model behind each kind of thing."""

NAMED_AS_IS: Final = frozenset({"revert", "reorder", "rotate"})
"""Actions that the audit log calls by their own name; else it says what became of each thing."""

BATCH: Final = 500

SHOWN: Final = 20
"""Things a summary names before it says how many more there are."""

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Saved:
    """What a write left behind, and what deserves a second look."""

    document: dict[str, Any]
    warnings: tuple[Problem, ...] = ()
    version: int = 0
    """The version that the thing has now."""


def merged(before: Document, document: object) -> object:
    """What PATCH means: the fields the document names, the rest as before."""
    return {**before, **document} if isinstance(document, Mapping) else document


@dataclass(slots=True)
class Change:
    """What one transaction does."""

    version: int
    """The version it makes, if it changes anything."""
    entries: list[dict[str, Any]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    touched: dict[str, list[Any]] = field(default_factory=dict)
    """Keys of the rows that are another now, by their kind."""

    def saved(
        self, kind: str, row: Any, document: dict[str, Any], warnings: Iterable[Problem] = ()
    ) -> Saved:
        """What is to be told of a row once all that became of it was noted."""
        anew = row.pk in self.touched.get(kind, ())
        return Saved(document, tuple(warnings), self.version if anew else row.changed_in)

    def note(
        self,
        kind: str,
        identity: str | int,
        name: str,
        before: Document | None,
        after: Document | None,
        secrets: Iterable[str] = (),
        words: str = "",
    ) -> bool:
        """Keeps what became of one thing; False when it stayed as it was.

        `secrets` are the fields given anew whose values no document shows; `words` say more than
        the fields that changed would.
        """
        anew = list(secrets)
        if before is not None and before == after and not anew:
            return False
        self.touched.setdefault(kind, []).extend([] if after is None else [identity])
        self.words.append(words or sentence(kind, name, before, after, anew))
        self.entries.append(
            {
                "kind": kind,
                "id": identity,
                "name": name,
                "before": before,
                "after": after,
                "secrets": anew,
            }
        )
        return True


@contextmanager
def change(who: str, action: str, summary: str = "", *, dry_run: bool = False) -> Iterator[Change]:
    """A transaction that ends in a revision if anything was noted, or in nothing on a dry run.

    The version row is locked first, so writers work one after the other and rules that look at
    other rows see all that is committed. What only a database constraint found is raised as
    `Invalid` like any other broken rule.
    """
    with transaction.atomic():
        row, _ = TableVersion.objects.select_for_update().get_or_create(pk=1)
        made = Change(row.version + 1)
        try:
            yield made
        except ValidationError as error:
            raise from_validation_error(error) from error
        if dry_run:
            transaction.set_rollback(True)
            return
        if not made.entries:
            return
        _stamp(made)
        audit.record(_acts(made, action), actor=who, via="import" if action == "import" else "")
        row.version, row.mark = made.version, secrets.token_hex(16)
        for entry in made.entries:
            if section := SECTIONS.get(entry["kind"]):
                setattr(row, section, made.version)
        row.save()
        Revision.objects.create(
            version=row.version,
            mark=row.mark,
            who=who[:200],
            action=action,
            summary=_summary(made.words if not summary else [summary, *made.words]),
            changes=made.entries,
        )
        transaction.on_commit(snapshot.publish, robust=True)


def _stamp(made: Change) -> None:
    """Writes into every row that changed which version did it."""
    for kind, keys in made.touched.items():
        for first in range(0, len(keys), BATCH):
            rows = MODELS[kind]._default_manager.filter(pk__in=keys[first : first + BATCH])
            rows.update(changed_in=made.version)


def _acts(made: Change, action: str) -> Iterator[audit.Act]:
    """What the audit log says of each thing."""
    for entry in made.entries:
        before, after = entry["before"], entry["after"]
        verb = "create" if before is None else "delete" if after is None else "change"
        if before is None or after is None:
            words = described(after or before or {})
        else:
            words = changed(before, after, entry["secrets"])
        key, name = str(entry["id"]), str(entry["name"])
        yield audit.Act(
            action=action if action in NAMED_AS_IS else verb,
            object_type=entry["kind"],
            object_id=name if entry["kind"] == "provider" else key,
            object_name=name,
            object_key=key,
            changes=words,
            revision=made.version,
        )


def _summary(words: list[str]) -> str:
    more = len(words) - SHOWN
    return " ".join(words[:SHOWN]) + (f" And {more:,} more." if more > 0 else "")
