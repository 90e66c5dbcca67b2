"""What an operator forces upon a target's provider for a while, as a badge."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gateway.console.targets.badges import Badge
from governance import snapshot
from governance.models import Provider, RoutingTarget
from governance.routing.overrides import override_of

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
    return [Badge(str(words), tone, _("An operator decided so for a while: see its provider."))]
