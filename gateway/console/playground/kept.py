"""`?interaction=`: the playground filled with a request of the log whose content is kept."""

from __future__ import annotations

from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from gateway.console.interactions.content import content_for
from gateway.console.playground.choices import LABELS
from gateway.console.playground.filling import FilledForm, NotFillable, filled
from gateway.console.theme.page import console_view
from governance.interactions.record import InteractionRecord
from governance.interactions.rows import record_of
from governance.models import Interaction
from governance.whole_number import whole_number
from inference.record.record import KEPT_BYTES

USE = "gateway.use_playground"
SEE = "governance.view_interaction"


def row_of(named: str) -> Interaction | None:
    """The row that an address names by its own number, or the latest with this request id."""
    rows = Interaction.objects.all()
    row = rows.filter(pk=whole_number(named) or 0).first()
    if row is not None:
        return row
    return rows.filter(request_id=named).first() if named and "\0" not in named else None


@require_GET
@console_view(USE, SEE)
def kept(request: HttpRequest, pk: int) -> HttpResponse:
    """The form, or in `note` why there is none."""
    row = get_object_or_404(Interaction, pk=pk)
    return JsonResponse(_document(request, row, record_of(row)))


def _document(request: HttpRequest, row: Interaction, record: InteractionRecord) -> dict[str, Any]:
    read = content_for(request, row, record)
    body = read.content.request
    if body is None:
        return {"note": read.why_not or _("Of this request only the answer was kept.")}
    try:
        form = filled(record, body.encode())
    except NotFillable:
        return {"note": _("The playground holds conversations; this request was of another type.")}
    except (msgspec.MsgspecError, RecursionError, AttributeError, TypeError, ValueError):
        return {"note": _unreadable(body)}
    calls = record.finish_reason in ("tool_calls", "tool_use")
    said = read.content.answer
    answer = {"answer": said, "goes_on": record.outcome == "ok" and not calls} if said else {}
    return {"note": _told(record, form), "form": form.document(), **answer}


def _unreadable(body: str) -> str:
    if len(body.encode()) >= KEPT_BYTES:
        return _(
            "The request was larger than the %(most)s MiB that are kept of one: what is there "
            "cannot be sent again."
        ) % {"most": KEPT_BYTES // (1024 * 1024)}
    return _("The request as it was kept is no JSON: it cannot be sent again.")


def _told(record: InteractionRecord, form: FilledForm) -> str:
    count = len(form.turns)
    told = ngettext(
        "Filled with request %(id)s: %(count)s message, as it was sent. “Send again” repeats it.",
        "Filled with request %(id)s: %(count)s messages, as they were sent. “Send again” repeats "
        "it.",
        count,
    ) % {"id": record.id, "count": f"{count:,}"}
    if record.request_type != form.endpoint:
        told += " " + _("It came by another protocol and is shown as %(protocol)s.") % {
            "protocol": LABELS[form.endpoint]
        }
    if form.left_out:
        told += " " + _("Left out, for there is no such field: %(fields)s.") % {
            "fields": ", ".join(form.left_out)
        }
    return told
