"""The documentation's pages and pictures, for whoever is signed in."""

from __future__ import annotations

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_GET

from gateway.console.help.pages import drawn, image_path, pages
from gateway.console.theme.page import console_view, page

FIRST = "console"


@require_GET
@console_view()
def show(request: HttpRequest, name: str = FIRST) -> HttpResponse:
    name = name.removesuffix(".md").strip("/")
    known = pages()
    if name not in known:
        raise Http404
    return page(
        request,
        "console/help/page.html",
        known[name].title,
        text=drawn(name),
        pages=[
            (one.title, reverse("console:help-page", args=(one.name,)), one.name == name)
            for one in known.values()
        ],
    )


@require_GET
@console_view()
def image(request: HttpRequest, name: str) -> HttpResponse:
    path = image_path(name)
    if path is None:
        raise Http404
    answer: HttpResponseBase = FileResponse(path.open("rb"))
    return answer  # type: ignore[return-value]  # a streaming answer is one too
