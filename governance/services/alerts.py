"""Writing alerts, and trying whether their messages arrive."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.utils.translation import gettext
from django.utils.translation import gettext as _

from governance import audit, ports
from governance.alerts import CONDITIONS
from governance.alerts.messages import TEST, AlertMessage
from governance.errors import Conflict, Invalid
from governance.models import AlertRule, Group, Limit, Provider, RoutingProfile
from governance.models.alert_delivery import CHANNELS
from governance.routing.fields import Problem
from governance.serializers import MASK, AlertSerializer
from governance.services.plain_rows import PlainRows
from governance.whole_number import whole_number

SECRETS: Final = ("webhook_url", "webhook_secret")

_SUBJECTS: Final[Mapping[str, tuple[str, Any, str]]] = {
    "limit": ("limit", Limit, "pk"),
    "group": ("group", Group, "pk"),
    "provider": ("provider", Provider, "name__iexact"),
    "profile": ("routing profile", RoutingProfile, "pk"),
}
"""By what a condition watches."""


def alert_problems(document: object, row: AlertRule) -> list[Problem]:
    """Every rule the document breaks, a subject that does not exist included."""
    found = AlertSerializer.problems(document, names=row.other_names())
    if found or not isinstance(document, Mapping):
        return found
    return [*_subject_problems(document), *_mask_problems(document, row)]


def _subject_problems(document: Mapping[str, Any]) -> Iterator[Problem]:
    subject = document.get("subject") or ""
    word, model, lookup = _SUBJECTS[CONDITIONS[document["condition"]].watches]
    readable = model is not Limit or whole_number(subject) is not None
    if subject and not (readable and model.objects.filter(**{lookup: subject}).exists()):
        yield Problem(
            "subject",
            "unknown_subject",
            gettext('There is no %(word)s "%(subject)s".') % {"word": word, "subject": subject},
        )


def _mask_problems(document: Mapping[str, Any], row: AlertRule) -> Iterator[Problem]:
    """The mask keeps an address, so there must be that one."""
    url = document.get("webhook_url") or ""
    if url.endswith(MASK) and url != AlertSerializer.document(row)["webhook_url"]:
        message = gettext("There is no such address to keep: give it whole.")
        yield Problem("webhook_url", "unknown_url", message)


def brought(document: Mapping[str, Any]) -> list[str]:
    """The secrets a document brings."""
    found = [name for name in SECRETS if name in document]
    return [name for name in found if not str(document[name] or "").endswith(MASK)]


ALERTS: Final = PlainRows("alert", AlertRule, AlertSerializer, alert_problems, secrets=brought)


def try_alert(identity: int, *, who: str) -> list[str]:
    """Sends a message to everywhere the alert leads, and names the channels it went by.

    Raises `NotFound`, `Invalid` where it leads nowhere, and `Conflict` where one did not arrive.
    """
    row = ALERTS.find(identity)
    channels = row.channels
    if not channels:
        message = _("The alert has no webhook and no e-mail address: there is nowhere to send.")
        raise Invalid(Problem("", "no_channel", message))
    told = AlertMessage(
        delivery=f"test-{secrets.token_hex(8)}",
        phase=TEST,
        rule_id=row.pk,
        rule=row.name,
        condition=row.condition,
        title=_('This is a test of the alert "%(name)s"') % {"name": row.name},
        detail=_("If you can read this, its messages arrive. Nothing else is the matter."),
    )
    failed = []
    for channel in channels:
        try:
            ports.filled().send_alert(channel, row, told)
        except ports.DeliveryFailed as error:
            failed.append(Problem("", "not_delivered", f"{CHANNELS[channel]}: {error}"))
    words = [f"sent by {CHANNELS[channel]}" for channel in channels]
    audit.record([audit.Act("test", "alert", str(row.pk), row.name, str(row.pk), words)], actor=who)
    if failed:
        raise Conflict(failed)
    return channels
