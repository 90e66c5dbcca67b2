"""What was said in a request, for those who may read it: where it is kept, and else why not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from governance import audit
from governance.interactions.content_log import NOTHING, LoggedContent, content_of
from governance.interactions.record import InteractionRecord
from governance.models import Interaction

READ: Final = "gateway.read_content"
ACT: Final = "read content"


@dataclass(frozen=True, slots=True)
class ReadContent:
    """What this person is shown."""

    content: LoggedContent = NOTHING
    why_not: str = ""
    """A sentence, where nothing is shown."""


def content_for(request: HttpRequest, row: Interaction, record: InteractionRecord) -> ReadContent:
    """Whoever reads it is noted in the audit log, which says nothing of what was read."""
    if not request.user.has_perm(READ):
        return ReadContent(
            why_not=_(
                "Only people who “can read what callers and models said” are shown it; "
                "administrators are, and can give others that permission."
            )
        )
    found = content_of(record, Path(settings.INTERACTION_LOG_DIR))
    if found.request is None and found.answer is None:
        return ReadContent(why_not=_why_none(record))
    audit.record([audit.Act(ACT, "interaction", record.id, record.id, str(row.pk))])
    return ReadContent(found)


def _why_none(record: InteractionRecord) -> str:
    if not settings.LOG_CONTENT:
        return _(
            "What was said is not kept. To keep it from now on, set POINTSMAN_LOG_CONTENT=true and "
            "restart the service: requests and answers then stand in the day files of the log."
        )
    return _(
        "What was said is not at hand: it is kept for requests since POINTSMAN_LOG_CONTENT is on, "
        "on the node that carried them (%(node)s), and as long as the day's file is there."
    ) % {"node": record.node or _("not named")}
