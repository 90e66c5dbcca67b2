"""Where the page of a request leads: what it names, as far as that is still there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from gateway.console.interactions.question import InteractionQuestion
from governance.interactions.keyset import Cursor, page
from governance.models import ApiKey, Interaction, Provider, RoutingProfile

LIST: Final = "admin:governance_interaction_changelist"
PLAYGROUND: Final = "gateway.use_playground"


@dataclass(frozen=True, slots=True)
class InteractionLink:
    """A way from here."""

    label: str
    address: str


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The rows beside one in its list; None at the ends."""

    newer: int | None
    older: int | None


def links(row: Interaction, request: HttpRequest) -> list[InteractionLink]:
    """To what this user may see."""
    may = request.user.has_perm
    found = []
    if row.key_id and may("governance.view_apikey") and _there(ApiKey, row.key_id):
        label = _("API key %(name)s") % {"name": row.key_name}
        found.append(_change(label, "apikey", row.key_id))
    if (
        row.profile_id
        and may("governance.view_routingprofile")
        and _there(RoutingProfile, row.profile_id)
    ):
        label = _("Routing profile %(name)s") % {"name": row.profile_name}
        found.append(_change(label, "routingprofile", row.profile_id))
    if row.provider and may("governance.view_provider"):
        pk = Provider.objects.filter(name__iexact=row.provider).values_list("pk", flat=True).first()
        if pk is not None:
            label = _("Provider %(name)s") % {"name": row.provider}
            found.append(_change(label, "provider", pk))
    if row.session:
        address = f"{reverse('console:session')}?{urlencode({'id': row.session})}"
        found.append(InteractionLink(_("Session"), address))
    if may(PLAYGROUND):
        asked = {"model": row.requested_model, "interaction": row.pk}
        query = urlencode({name: value for name, value in asked.items() if value})
        address = f"{reverse('console:playground')}?{query}"
        found.append(InteractionLink(_("Open in playground"), address))
    return found


def _there(model: type[Model], pk: str) -> bool:
    return bool(model._default_manager.filter(pk=pk).exists())


def _change(label: str, model: str, pk: object) -> InteractionLink:
    return InteractionLink(label, reverse(f"admin:governance_{model}_change", args=(pk,)))


def neighbours(row: Interaction, question: InteractionQuestion) -> Neighbours:
    """In the list that is asked for."""
    sets = [one.only("pk", "time") for one in question.sets()]
    newer = page(sets, 1, Cursor(False, row.time, row.pk)).rows
    older = page(sets, 1, Cursor(True, row.time, row.pk)).rows
    return Neighbours(newer[0].pk if newer else None, older[0].pk if older else None)
