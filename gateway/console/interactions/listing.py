"""The list of interactions, paged by key: a page stays what it is while rows arrive."""

from __future__ import annotations

from typing import Final

from django.contrib.admin.views.main import PAGE_VAR
from django.http import HttpRequest
from unfold.views import ChangeList

from governance.interactions.keyset import BadCursor, Cursor, Rows, cursor_of, page

COUNTED: Final = 10_000
"""Interactions are counted up to here, whatever the size of the log."""


class Pager:
    """What the theme's template of page links asks its paginator for."""

    template_name = "console/interactions/pages.html"


class InteractionList(ChangeList):  # type: ignore[misc]  # unfold is untyped
    """Django's list of rows with links to newer and older ones instead of page numbers.

    The cursor stands in the address where the number of a page would, so whatever keeps or drops
    that number does the same to the cursor.
    """

    newest = ""
    newer = ""
    older = ""
    """Addresses; empty where there is nothing to go to."""
    count = ""
    """How many there are, in words."""

    def get_results(self, request: HttpRequest) -> None:
        cursor = _cursor(request.GET.get(PAGE_VAR))
        found = page(self.queryset, self.list_per_page, cursor)
        self.result_list = list(found.rows)
        self.result_count = len(self.result_list)
        # Equal, so that the theme does not take the page for a part of something counted.
        self.full_result_count = self.result_count
        self.show_full_result_count = self.show_admin_actions = False
        self.can_show_all = self.multi_page = False
        self.paginator = Pager()
        self.newest = self.get_query_string() if cursor is not None else ""
        self.newer, self.older = self._address(found.newer), self._address(found.older)
        alone = cursor is None and found.older is None
        self.count = in_words(self.result_count if alone else _bounded(self.queryset))
        # The form of filters repeats what the address holds: other filters begin at the newest row.
        kept = request.GET.copy()
        kept.pop(PAGE_VAR, None)
        request.GET = kept  # type: ignore[assignment]  # one that may be changed, and is not

    def _address(self, cursor: Cursor | None) -> str:
        if cursor is None:
            return ""
        address: str = self.get_query_string({PAGE_VAR: cursor.text()})
        return address


def in_words(count: int) -> str:
    """`1 interaction`, `1,234 interactions`, `more than 10,000 interactions`."""
    if count > COUNTED:
        return f"more than {COUNTED:,} interactions"
    return f"{count:,} interaction{'' if count == 1 else 's'}"


def _bounded(rows: Rows) -> int:
    """The count, or one more than `COUNTED`. The inner query stops there."""
    return rows.order_by()[: COUNTED + 1].count()


def _cursor(text: str | None) -> Cursor | None:
    """None for what is none, as the number of a page in an old bookmark: the newest are shown."""
    try:
        return cursor_of(text) if text else None
    except BadCursor:
        return None
