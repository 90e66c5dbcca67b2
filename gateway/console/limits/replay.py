"""What a limit would have refused last week, as it is typed and before it is saved."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from gateway.console.limits.forms import LimitForm
from gateway.console.theme.page import console_view
from governance.models import Limit
from governance.services.limit_replay import last_week, replay_of_limit
from governance.whole_number import whole_number

VIEW: Final = ("governance.view_limit", "governance.view_interaction")


@require_POST
@console_view(*VIEW)
def replayed(request: HttpRequest) -> HttpResponse:
    existing = request.POST.get("replay-existing", "")
    row = Limit.objects.filter(pk=whole_number(existing) or 0).first()
    form = LimitForm(request.POST, instance=row)
    context: dict[str, object] = {"form": form}
    if form.is_valid():
        begin, end = last_week(datetime.now(UTC))
        pk = row.pk if row is not None else None
        context["done"] = replay_of_limit(form.document(), begin, end, existing=pk)
    return render(request, "console/limits/replay.html", context)
