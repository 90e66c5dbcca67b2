"""Pages travel without what nobody sees: indentation, and the long class lists of the theme.

The theme says each cell of a list, each field and each box to tick by thirty utility classes, half
a kB each. `theme.css` says the same once, under the short names that stand here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils.html import escape
from unfold.widgets import BASE_CLASSES, CHECKBOX_CLASSES, SWITCH_CLASSES

ROOT: Final = "/admin/"
KEPT: Final = re.compile(r"(<(pre|textarea|script|style)\b.*?</\2>)", re.DOTALL)
"""White space counts in there."""
INDENTATION: Final = re.compile(r"\n\s+")
CELL: Final = (
    "align-middle flex border-t border-base-200 font-normal gap-4 items-center min-w-0 "
    "overflow-hidden px-3 py-1.5 h-[45px] text-left before:flex before:capitalize "
    "before:content-[attr(data-label)] before:items-center before:font-semibold "
    "before:text-font-important-light before:mr-auto first:border-t-0 lg:before:hidden "
    "lg:first:border-t lg:table-cell dark:border-base-800 dark:before:text-font-important-dark"
)
TICK_CELL: Final = (
    "align-middle flex items-center px-3 py-2 text-left before:block before:capitalize "
    "before:content-[attr(data-label)] before:font-semibold before:mr-auto "
    "before:text-font-important-light lg:before:hidden lg:border-t lg:border-base-200 "
    "lg:table-cell dark:lg:border-base-800 dark:before:text-font-important-dark"
)
ROW: Final = (
    "block border border-base-200 mb-3 relative rounded-default lg:table-row lg:border-none "
    "lg:mb-0 lg:rounded-none dark:border-base-800"
)
LABEL: Final = "inline-block font-semibold rounded-default text-[11px] uppercase whitespace-nowrap"
BOX: Final = escape(" ".join(CHECKBOX_CLASSES))
FIELD: Final = escape(" ".join(BASE_CLASSES))
"""Of every field one types in or chooses from; how wide it is, each says itself."""
SWITCH: Final = escape(" ".join(SWITCH_CLASSES))
SHORT: Final = {
    CELL: "pm-td",
    TICK_CELL: "pm-tick-cell",
    ROW: "pm-row",
    LABEL: "pm-tag",
    BOX: "pm-box after:material-symbols-outlined",
    FIELD: "pm-entry",
    SWITCH: "pm-toggle",
}


def light_pages_middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    def answer(request: HttpRequest) -> HttpResponse:
        found = get_response(request)
        plain = not found.streaming and found.get("Content-Type", "").startswith("text/html")
        if plain and request.path.startswith(ROOT):
            found.content = lightened(found.content.decode())
        return found

    return answer


def lightened(page: str) -> str:
    """The same page in fewer bytes."""
    for long, short in SHORT.items():
        page = page.replace(long, short)
    parts = KEPT.split(page)
    # Three parts a piece that is kept: what is before it, the piece, and its tag.
    return "".join(
        INDENTATION.sub("\n", part) if place % 3 == 0 else part if place % 3 == 1 else ""
        for place, part in enumerate(parts)
    )
