"""Texts and the list of pages, each looked up once where a page asks for it a thousand times.

English has a catalogue of every package, chained one behind the other, and what none of them holds
is looked for in all of them. What pages there are for a person is asked by Django and by the theme.
"""

from __future__ import annotations

from gettext import GNUTranslations
from typing import Any, Final

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation.trans_real import DjangoTranslation

KEPT: Final = 10_000
"""Texts of a language. There are fewer, but for names that are looked up as if they were texts."""
_TEXTS: Final = "_pointsman_texts"
_PAGES: Final = "_pointsman_pages"


def install() -> None:
    DjangoTranslation.gettext = _looked_up_once  # type: ignore[method-assign, assignment]
    listed = admin.site.get_app_list

    def once_a_request(request: HttpRequest, app_label: str | None = None) -> Any:
        if app_label is not None:
            return listed(request, app_label)
        if not hasattr(request, _PAGES):
            setattr(request, _PAGES, listed(request))
        return getattr(request, _PAGES)

    admin.site.get_app_list = once_a_request  # type: ignore[method-assign]


def _looked_up_once(catalogue: DjangoTranslation, message: str) -> str:
    """They are kept beside the catalogue, so that they go with it."""
    texts: dict[str, str] = catalogue.__dict__.setdefault(_TEXTS, {})
    found = texts.get(message)
    if found is None:
        found = GNUTranslations.gettext(catalogue, message)
        if len(texts) < KEPT:
            texts[message] = found
    return found
