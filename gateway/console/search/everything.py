"""The search over everything: pages, things by name or id, models, requests, and what can be done.

It answers the palette that Ctrl-K and the field above the side bar open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from gateway.console.search import switching
from gateway.console.theme.navigation import navigation
from gateway.console.theme.page import console_view
from governance.models import (
    ApiKey,
    AuditEntry,
    Interaction,
    Provider,
    Revision,
    RoutingProfile,
)

SEE_LOG: Final = "governance.view_interaction"
PLAY: Final = "gateway.use_playground"
MOST: Final = 6
"""Things of one kind."""
WORDS_LIMIT: Final = 200


class Hit(NamedTuple):
    """One line of the palette."""

    title: str
    description: str
    link: str
    icon: str


@require_GET
@console_view()
def search(request: HttpRequest) -> HttpResponse:
    words = request.GET.get("s", "").replace("\x00", "").strip()[:WORDS_LIMIT]
    hits = list(found(request, words)) if words else []
    context = {"hits": hits, "words": words}
    return render(request, "console/search/results.html", context)


def found(request: HttpRequest, words: str) -> Iterator[Hit]:
    """What this person may see, the likeliest first."""
    yield from _done(request, words)
    yield from _pages(request, words)
    yield from _things(request, words)
    yield from _models(request, words)
    yield from _requests(request, words)


def _done(request: HttpRequest, words: str) -> Iterator[Hit]:
    """“disable provider openai”: leads to a page that asks once more."""
    for action in switching.matching(request, words):
        query = urlencode({"kind": action.kind, "id": action.identity, "to": action.to})
        link = f"{reverse('console:search-do')}?{query}"
        yield Hit(
            action.words, _("Action"), link, "toggle_on" if action.to == "on" else "toggle_off"
        )


def _pages(request: HttpRequest, words: str) -> Iterator[Hit]:
    parts = words.casefold().split()
    for section in navigation(request):
        for item in section["items"]:
            title = str(item["title"])
            if all(part in title.casefold() for part in parts):
                section_name = str(section["title"]) or _("Page")
                yield Hit(title, section_name, str(item["link"]), str(item["icon"]))
    for label, page in admin.site._registry.items():
        opts = label._meta
        name = _("Add %(kind)s") % {"kind": opts.verbose_name}
        if not all(part in name.casefold() for part in parts):
            continue
        if page.has_add_permission(request):
            link = reverse(f"admin:{opts.app_label}_{opts.model_name}_add")
            yield Hit(name[:1].upper() + name[1:], _("Action"), link, "add")


def _things(request: HttpRequest, words: str) -> Iterator[Hit]:
    """Rows of every list that can be searched, by the same fields."""
    for model, page in admin.site._registry.items():
        if model is Interaction or not page.has_view_permission(request):
            continue
        fields = FIELDS.get(model, tuple(page.get_search_fields(request)))
        if not fields:
            continue
        rows = model._default_manager.filter(_wanted(fields, words))
        for row in rows.distinct()[:MOST]:
            opts = model._meta
            try:
                link = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=(row.pk,))
            except NoReverseMatch:
                continue
            kind = str(opts.verbose_name)
            yield Hit(str(row), kind[:1].upper() + kind[1:], link, "data_object")


FIELDS: Final[dict[Any, tuple[str, ...]]] = {
    RoutingProfile: ("id", "name", "virtual_provider"),
    ApiKey: ("id", "name", "prefix"),
    Provider: ("name", "base_url"),
    Revision: (),
    AuditEntry: (),
}
"""Fewer than the lists search, where joins or very many rows would make it slow."""


def _wanted(fields: Iterable[str], words: str) -> Q:
    """Every word stands in some field; a kind's own name may stand among them."""
    wanted = Q()
    for part in words.split():
        either = Q()
        for field in fields:
            either |= Q(**{f"{field.lstrip('=^@')}__icontains": part})
        wanted &= either
    return wanted


def _models(request: HttpRequest, words: str) -> Iterator[Hit]:
    """Models that providers keep."""
    if not request.user.has_perm("governance.view_provider"):
        return
    parts, count = words.casefold().split(), 0
    for pk, name, models in Provider.objects.values_list("pk", "name", "models"):
        for model in models:
            whole = f"{name}/{model}"
            if count < MOST and all(part in whole.casefold() for part in parts):
                count += 1
                yield Hit(whole, _("Model"), _of_model(request, pk, whole), "neurology")


def _of_model(request: HttpRequest, pk: int, whole: str) -> str:
    if request.user.has_perm(PLAY):
        return f"{reverse('console:playground')}?{urlencode({'model': whole})}"
    return reverse("admin:governance_provider_change", args=(pk,))


def _requests(request: HttpRequest, words: str) -> Iterator[Hit]:
    """A request by its id, whole or its beginning."""
    if len(words) < 4 or " " in words or not request.user.has_perm(SEE_LOG):
        return
    rows = Interaction.objects.filter(request_id__startswith=words).order_by("-time", "-id")
    for row in rows.only("pk", "request_id", "time", "outcome")[:MOST]:
        link = reverse("admin:governance_interaction_change", args=(row.pk,))
        told = f"{_('Request')}, {row.time:%d %b %H:%M:%S} UTC, {row.get_outcome_display()}"
        yield Hit(row.request_id, told, link, "receipt_long")
