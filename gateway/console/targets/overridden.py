"""What an operator forces upon a target's provider for a while, as a badge."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gateway.console.targets.badges import Badge
from governance import snapshot
from governance.models import Provider, RoutingTarget
from governance.routing.overrides import override_of
from governance.services import overrides_of

_BADGES = {
    "drain": (gettext_lazy("drained"), "danger"),
    "open": (gettext_lazy("forced open"), "warning"),
    "closed": (gettext_lazy("forced closed"), "info"),
}


def override_badges(target: RoutingTarget, provider: Provider) -> list[Badge]:
    """As the table in force has it."""
    model = target.model or provider.default_model
    state = override_of(snapshot.current().overrides, provider.name.casefold(), model)
    if not state:
        return []
    words, tone = _BADGES[state]
    return [Badge(str(words), tone, _why(provider, model))]


def _why(provider: Provider, model: str) -> str:
    """Who decided so, until when and why; its model's own word comes before its provider's."""
    rows = {row.model: row for row in overrides_of(provider).filter(model__in=("", model))}
    row = rows.get(model) or rows.get("")
    if row is None:
        return _("An operator decided so for a while: see its provider.")
    until = date_format(localtime(row.until), "j M, H:i")
    return _("%(reason)s (%(who)s), until %(until)s.") % {
        "reason": row.reason,
        "who": row.who,
        "until": until,
    }


def override_link(target: RoutingTarget, provider: Provider) -> str:
    """Where it is decided: on the provider's page, for the target's model."""
    page = reverse("admin:governance_provider_change", args=(provider.pk,))
    return f"{page}?{urlencode({'override': target.model})}#override-title"
