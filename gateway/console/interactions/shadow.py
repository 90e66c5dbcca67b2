"""A request beside its copy for the shadow: what both came to, and how they differ."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from gateway.console.interactions.content import content_for
from gateway.console.interactions.timeline import TONES
from governance.change_summary.times import readable_time
from governance.interactions.record import OUTCOMES, InteractionRecord
from governance.interactions.rows import record_of
from governance.models import Interaction

LOOKED_AT: Final = 20
"""Rows with one id: callers choose the ids of requests, and may choose one twice."""
_PAGE: Final = "admin:governance_interaction_change"
WORDS: Final = 2_000
"""Of each answer that are compared."""
_WORD: Final = re.compile(r"\s*\S+|\s+$")


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two."""

    place: str
    outcome: str
    tone: str
    first_token: str
    took: str
    tokens: str
    length: str
    """Characters of the answer, where content is kept."""
    cost: str
    link: str
    """To its page; empty on that page itself."""


@dataclass(frozen=True, slots=True)
class DiffPart:
    """A part of the two answers: `same`, `live` alone, or `shadow` alone."""

    where: str
    text: str


@dataclass(frozen=True, slots=True)
class Comparison:
    live: Side | None
    shadow: Side | None
    is_shadow: bool
    """The page is that of the copy."""
    changes: tuple[DiffPart, ...] = ()
    note: str = ""
    """Why the answers do not stand there, or that they are the same."""


def comparison_of(
    request: HttpRequest, row: Interaction, record: InteractionRecord
) -> Comparison | None:
    """None for a request without a copy. The answers are for those who may read them."""
    other_id = record.decision.shadow_of or record.decision.shadow
    if not isinstance(other_id, str):
        return None
    other_row = _other(other_id, record)
    other = None if other_row is None else record_of(other_row)
    read = content_for(request, row, record)
    mine, theirs = read.content.answer, None
    if other_row is not None and other is not None and not read.why_not:
        theirs = content_for(request, other_row, other).content.answer
    own = _side(record, mine, "")
    link = "" if other_row is None else reverse(_PAGE, args=[other_row.pk])
    beside = None if other is None else _side(other, theirs, link)
    if record.is_shadow:
        changes, note = _compared(theirs, mine, read.why_not)
        return Comparison(beside, own, True, changes, note)
    changes, note = _compared(mine, theirs, read.why_not)
    return Comparison(own, beside, False, changes, note)


def _other(identity: str, record: InteractionRecord) -> Interaction | None:
    """The row of the other one, which names this one in turn."""
    for row in Interaction.objects.filter(request_id=identity)[:LOOKED_AT]:
        decision = row.decision
        if record.id in (decision.get("shadow"), decision.get("shadow_of")):
            return row
    return None


def _side(record: InteractionRecord, answer: str | None, link: str) -> Side:
    usage, cost = record.usage, record.cost_usd
    return Side(
        place=f"{record.provider} / {record.model}" if record.provider else "—",
        outcome=OUTCOMES.get(record.outcome, record.outcome),
        tone=TONES.get(record.outcome, "bad"),
        first_token=readable_time(record.first_token_ms) or "—",
        took=readable_time(record.duration_ms),
        tokens="—" if usage is None else f"{usage.completion:,}",
        length="—" if answer is None else f"{len(answer):,}",
        cost=_("price unknown") if cost is None else f"${cost:,.6f}",
        link=link,
    )


def _compared(
    live: str | None, shadow: str | None, why_not: str
) -> tuple[tuple[DiffPart, ...], str]:
    if live is None or shadow is None:
        return (), why_not or _("Only one of the two answers was kept.")
    if live == shadow:
        return (), _("Both answers are the same, word for word.")
    old, new = _WORD.findall(live), _WORD.findall(shadow)
    cut = len(old) > WORDS or len(new) > WORDS
    note = _("Only the first 2,000 words are compared.") if cut else ""
    return tuple(_changes(old[:WORDS], new[:WORDS])), note


def _changes(old: list[str], new: list[str]) -> Iterator[DiffPart]:
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=True)
    for tag, begin, end, new_begin, new_end in matcher.get_opcodes():
        if tag == "equal":
            yield DiffPart("same", "".join(old[begin:end]))
            continue
        if end > begin:
            yield DiffPart("live", "".join(old[begin:end]))
        if new_end > new_begin:
            yield DiffPart("shadow", "".join(new[new_begin:new_end]))
