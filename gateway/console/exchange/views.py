"""Import and export of everything that operators set, on one page."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from gateway.console.profiles.import_plan import ImportForm
from gateway.console.theme.page import console_view, page
from governance.services import SECTIONS

IMPORTING: Final = tuple(
    f"governance.{verb}_routingprofile" for verb in ("view", "add", "change", "delete")
)


@require_GET
@console_view("governance.view_routingprofile")
def show(request: HttpRequest) -> HttpResponse:
    """Sections that this person may not see are not in their export, and not named here."""
    seen = [one for one in SECTIONS if request.user.has_perms(one.permissions("view"))]
    names = {one.name: str(one.model._meta.verbose_name_plural) for one in seen}
    return page(
        request,
        "console/exchange/page.html",
        _("Import and export"),
        usual=[capfirst(names[one.name]) for one in seen if not one.asked_for],
        further=[capfirst(names[one.name]) for one in seen if one.asked_for],
        form=ImportForm() if request.user.has_perms(IMPORTING) else None,
    )
