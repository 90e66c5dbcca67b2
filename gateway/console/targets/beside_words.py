"""What a profile does beside sending requests to its targets, in short sentences."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.models import RoutingProfile
from governance.routing.caching import SHARED


def beside_words(profile: RoutingProfile) -> str:
    """What differs from how a new profile behaves, as saved or as typed; empty where nothing."""
    return " ".join([*_trying(profile), *_copying(profile)])


def _trying(profile: RoutingProfile) -> Iterator[str]:
    retries, hedge, spill = profile.retries, profile.hedge_after, profile.spill_after
    if retries == 0:
        yield _("No try is made again.")
    elif retries:
        words = ngettext(
            "%(count)s retry on each target.", "Up to %(count)s retries on each target.", retries
        )
        yield words % {"count": retries}
    if hedge == 0:
        yield _("No second target is asked beside a slow one.")
    elif hedge is not None:
        yield _("After %(seconds)s s without a token the next one is asked too.") % _seconds(hedge)
    if spill is not None:
        yield _("A local queue of over %(seconds)s s lets the next one go first.") % _seconds(spill)


def _copying(profile: RoutingProfile) -> Iterator[str]:
    if profile.cache_ttl is not None:
        whose = _("every key") if profile.cache_scope == SHARED else _("the key that asked")
        words = _("Answers are given again to %(whose)s for %(seconds)s s.")
        yield words % {"whose": whose, **_seconds(profile.cache_ttl)}
    if profile.shadow_target and profile.shadow_percent is not None:
        words = _("A copy of %(percent)s %% goes to %(target)s.")
        yield words % {"percent": f"{profile.shadow_percent:g}", "target": profile.shadow_target}


def _seconds(value: float) -> dict[str, str]:
    return {"seconds": f"{value:g}"}
