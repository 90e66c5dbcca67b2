"""Lists of the theme that are drawn in half the time.

For each row the theme works out the heads of all columns anew, and renders a template for each box
and each badge. Here heads are worked out once a list, and a badge or box once for each text.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final
from weakref import WeakKeyDictionary

import unfold.admin
from django.contrib.admin import helpers
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from unfold.templatetags import unfold_list
from unfold.utils import display_for_label

KEPT: Final = 1_000
"""Badges. They say a state, and there are few."""
PLACE: Final = "pm-place-of-the-row"

Heads = list[dict[str, Any]]


def install() -> None:
    unfold_list.result_headers = _once_a_list(unfold_list.result_headers)
    unfold_list.display_for_label = badge


def _once_a_list(heads: Callable[[Any], Any]) -> Callable[[Any], Heads]:
    found: WeakKeyDictionary[Any, Heads] = WeakKeyDictionary()

    def once(listing: Any) -> Heads:
        if listing not in found:
            found[listing] = list(heads(listing))
        return found[listing]

    return once


def badge(value: Any, empty: str, label: Any) -> SafeString:
    """As the theme draws it; `label` gives texts their tone."""
    tone = None
    if isinstance(label, dict):
        if isinstance(value, tuple):
            known = value[0] in label
            tone, value = (label[value[0]], value[1]) if known else (None, value[0])
        elif not isinstance(value, list) and value in label:
            tone = label[value]
    if isinstance(value, tuple | list):
        return SafeString(display_for_label(value, empty, label))
    return _badge(str(value), tone, get_language() or "")


@lru_cache(KEPT)
def _badge(text: str, tone: str | None, language: str) -> SafeString:
    return SafeString(display_for_label(("", text), "", {"": tone}))


def tick_box(key: object) -> SafeString:
    """The box that chooses a row."""
    return mark_safe(_tick_box(get_language() or "").replace(PLACE, escape(str(key))))  # noqa: S308  # escaped


@lru_cache(KEPT)
def _tick_box(language: str) -> str:
    return str(unfold.admin.checkbox.render(helpers.ACTION_CHECKBOX_NAME, PLACE))
