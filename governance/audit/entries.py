"""Writing entries, in the transaction of the change they tell of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from governance.audit.origin import current
from governance.models import AuditEntry

BATCH: Final = 500
LONGEST: Final = 300
"""Characters of one phrase; a longer one is cut."""
MOST: Final = 100
"""Phrases of one entry; of more the rest is counted."""


@dataclass(frozen=True, slots=True)
class Act:
    """What was done to one thing."""

    action: str
    object_type: str
    object_id: str
    object_name: str = ""
    object_key: str = ""
    changes: list[str] = field(default_factory=list)
    revision: int | None = None


def record(acts: Iterable[Act], *, actor: str = "", via: str = "") -> None:
    """Appends an entry for each. `actor` and `via` are what the origin says unless given."""
    origin = current()
    who = (actor or origin.actor())[:200]
    AuditEntry.objects.bulk_create(
        (
            AuditEntry(
                actor=who,
                address=origin.address[:64],
                via=via or origin.via,
                action=act.action[:20],
                object_type=act.object_type,
                object_id=act.object_id[:200],
                object_name=act.object_name[:300],
                object_key=act.object_key[:100],
                changes=_bounded(act.changes),
                revision=act.revision,
            )
            for act in acts
        ),
        batch_size=BATCH,
    )


def _bounded(changes: list[str]) -> list[str]:
    told = [one if len(one) <= LONGEST else f"{one[: LONGEST - 1]}…" for one in changes[:MOST]]
    more = len(changes) - MOST
    return [*told, f"and {more:,} more"] if more > 0 else told
