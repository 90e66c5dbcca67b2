"""What a provider's models were found to refuse, on its page, and the button that forgets it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from gateway.collector.places import places
from gateway.collector.repair_memory import remembered
from gateway.collector.status import COMMAND
from gateway.console.forms.service_admin import who
from gateway.console.theme.page import console_view
from governance import services
from governance.models import Provider
from inference.translate.repairs.words import words_of

CHANGE: Final = "governance.change_provider"
MOST: Final = 100
"""Repairs that are listed."""


def rendered_repairs(request: HttpRequest, row: Provider) -> SafeString:
    """The part of the page; all processes of the node know the same."""
    found = remembered(places().repairs, row.name, time.time())
    return render_to_string(
        "console/providers/repairs.html",
        {
            "provider": row,
            "repairs": [
                (one.model, words_of(one.repair, one.value), datetime.fromtimestamp(one.until, UTC))
                for one in found[:MOST]
            ],
            "more": len(found) - MOST,
            "may_reset": request.user.has_perm(CHANGE),
        },
        request=request,
    )


@require_POST
@console_view(CHANGE)
def reset(request: HttpRequest, pk: int) -> HttpResponse:
    """Requests go out as they came again, until one is refused."""
    row = get_object_or_404(Provider, pk=pk)
    if services.forget_repairs(row, who=who(request)):
        messages.success(
            request, gettext("What %(name)s refuses is found out anew.") % {"name": row.name}
        )
    else:
        messages.error(
            request,
            gettext(
                "Nothing was forgotten: the collector is away, which tells every process. "
                "It is started with %(command)s."
            )
            % {"command": COMMAND},
        )
    return HttpResponseRedirect(reverse("admin:governance_provider_change", args=(row.pk,)))
