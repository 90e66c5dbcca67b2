"""Where a page stands, as the side bar says it, with the names of things as they are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.apps import apps
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext

from gateway.console.theme.navigation import SECTIONS

Crumb = dict[str, Any]


def crumbs(request: HttpRequest, parts: Iterable[Mapping[str, Any]]) -> list[Crumb]:
    """The theme's parts: it begins with the application, which nobody knows, and capitalises what
    people have named."""
    match = request.resolver_match
    app, _, rest = (match.url_name or "" if match else "").partition("_")
    model, _, page = rest.partition("_")
    section = section_of(f"{app}.{model}")
    found = [dict(one) for one in parts]
    if len(found) < 2 or section is None:
        return found
    found[0] = {"title": section}
    found[1]["title"] = capfirst(str(found[1]["title"]))
    if page == "add":
        name = apps.get_model(app, model)._meta.verbose_name
        found.append({"title": gettext("Add %(name)s") % {"name": name}})
    return found


def section_of(label: str) -> str | None:
    """What the side bar files a model under; None where it has no place there."""
    return next((str(title) for title, models in SECTIONS.items() if label in models), None)
