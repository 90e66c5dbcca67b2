"""The list of interactions, paged by key: a page stays what it is while rows arrive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.html import conditional_escape, escape
from django.utils.safestring import SafeString, mark_safe

from gateway.console.interactions.columns import ListColumn
from gateway.console.interactions.question import InteractionQuestion
from governance.interactions.keyset import BadCursor, Cursor, cursor_of, page
from governance.models import Interaction

SIZE: Final = 50
HEAVY: Final = ("decision", "attempts", "features", "dropped_fields")
"""Columns that only the page of one shows."""
LIST: Final = "/admin/governance/interaction/"
PAGE: Final = "p"
"""The parameter that holds the cursor."""


@dataclass(frozen=True, slots=True)
class ListedCell:
    """One cell of a row."""

    content: str | SafeString
    full: str
    numeric: bool


@dataclass(frozen=True, slots=True)
class ListedRow:
    """One request."""

    pk: int
    cells: tuple[ListedCell, ...]

    @property
    def html(self) -> SafeString:
        """As a row of the table; a template takes ten times as long for a page of them. The first
        cell leads to the page of the request."""
        parts = [f'<tr data-pk="{self.pk}">']
        for place, cell in enumerate(self.cells):
            number = ' class="pm-num"' if cell.numeric else ""
            title = f' title="{escape(cell.full)}"' if cell.full else ""
            content: str = conditional_escape(cell.content)
            if not place:
                content = f'<a href="{LIST}{self.pk}/change/">{content}</a>'
            parts.append(f"<td{number}{title}>{content}</td>")
        parts.append("</tr>")
        return mark_safe("".join(parts))  # noqa: S308  # every part is escaped


@dataclass(frozen=True, slots=True)
class ListedPage:
    """Some requests, the latest first, and where it goes on: queries of addresses."""

    rows: Sequence[ListedRow]
    newest: str = ""
    newer: str = ""
    older: str = ""
    tail: str = ""
    """The cursor from which requests that arrive later are found."""


def listed(
    question: InteractionQuestion,
    columns: Sequence[ListColumn],
    query: Mapping[str, str],
    size: int | None = None,
) -> ListedPage:
    """The page that the query's cursor names."""
    cursor = _cursor(query.get(PAGE))
    found = page([one.defer(*HEAVY) for one in question.sets()], size or SIZE, cursor)
    first = found.rows[0] if found.rows else None
    return ListedPage(
        [shown(row, columns) for row in found.rows],
        newest=f"?{question.query()}" if cursor is not None else "",
        newer=_address(question, found.newer),
        older=_address(question, found.older),
        tail=Cursor(False, first.time, first.pk).text() if first is not None else "",
    )


def shown(row: Interaction, columns: Sequence[ListColumn]) -> ListedRow:
    """A row as the table has it."""
    cells = []
    for column in columns:
        content, full = column.cell(row)
        cells.append(ListedCell(content, full, column.numeric))
    return ListedRow(row.pk, tuple(cells))


def _address(question: InteractionQuestion, cursor: Cursor | None) -> str:
    return "" if cursor is None else f"?{question.query(**{PAGE: cursor.text()})}"


def _cursor(text: str | None) -> Cursor | None:
    """None for what is none, as the number of a page in an old bookmark: the newest are shown."""
    try:
        return cursor_of(text) if text else None
    except BadCursor:
        return None
