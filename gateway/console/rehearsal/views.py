"""The panel's two answers, as parts of the page."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from gateway.console.rehearsal.choices import COUNTS, SEE_PAST
from gateway.console.rehearsal.draft_form import Draft, read_draft
from gateway.console.rehearsal.question import PREFIX, read_question
from gateway.console.theme.page import console_view
from governance import snapshot
from governance.errors import Invalid
from governance.routing.table import RoutingTable
from governance.strategies import strategy_named
from governance.what_if.past import last_requests
from governance.what_if.rehearse import rehearse
from governance.what_if.replay import replay
from governance.whole_number import whole_number

VIEW: Final = "governance.view_routingprofile"


@require_POST
@console_view(VIEW)
def rehearsal(request: HttpRequest) -> HttpResponse:
    """What would become of one request with the profile as it stands in the form."""
    draft = _draft(request)
    if draft is None or draft.problems:
        return _problems(request, draft)
    table = snapshot.refresh()
    past = request.POST.get(f"{PREFIX}source") == "past"
    if past and not request.user.has_perm(SEE_PAST):
        return _problems(
            request, replace(draft, problems=(gettext("You may not see past requests."),))
        )
    try:
        asked = read_question(request.POST, table)
    except Invalid as error:
        told = tuple(one.message for one in error.problems)
        return _problems(request, replace(draft, problems=told))
    found = rehearse(
        draft.document,
        asked.routing_request,
        table,
        virtual_key=asked.virtual_key,
        health=asked.health,
        supposed=asked.supposed,
        inside=request.POST.get(f"{PREFIX}way") != "policy",
    )
    return render(
        request,
        "console/rehearsal/result.html",
        {
            "found": found,
            "needs": sorted(asked.routing_request.required_capabilities),
            "supposed": bool(asked.supposed),
            "weighted": strategy_named(draft.document.get("strategy") or "").draws,
            "providers": json.dumps(_providers(draft, table)),
            "shares": json.dumps(draft.shares),
            "told": json.dumps(draft.told),
        },
    )


@require_POST
@console_view(VIEW, SEE_PAST)
def replayed(request: HttpRequest) -> HttpResponse:
    """What would have become of the last requests."""
    draft = _draft(request)
    if draft is None or draft.problems:
        return _problems(request, draft)
    count = whole_number(request.POST.get(f"{PREFIX}count", ""))
    wanted = count if count in COUNTS else COUNTS[1]
    only = draft.document["id"] if request.POST.get(f"{PREFIX}mine") else ""
    past = last_requests(wanted, profile_id=only)
    found = replay(draft.document, past, snapshot.refresh())
    return render(request, "console/rehearsal/replay.html", {"found": found})


def _draft(request: HttpRequest) -> Draft | None:
    return read_draft(request, request.POST.get(f"{PREFIX}existing", ""))


def _problems(request: HttpRequest, draft: Draft | None) -> HttpResponse:
    if draft is None:
        draft = Draft({}, (gettext("This profile is not there any more."),))
    return render(
        request,
        "console/rehearsal/problems.html",
        {
            "problems": draft.problems,
            "shares": json.dumps(draft.shares),
            "told": json.dumps(draft.told),
        },
    )


def _providers(draft: Draft, table: RoutingTable) -> list[str]:
    """Providers of the draft's targets about which something can be supposed."""
    names = (target["provider"] for target in draft.document["targets"])
    return [name for name in dict.fromkeys(names) if name.casefold() in table.providers]
