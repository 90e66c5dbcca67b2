"""Whom a profile's cached answers are given to, said aloud on its page."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.translation import gettext as _

from governance.models import RoutingProfile
from governance.routing.caching import SHARED


def who_reads(profile: RoutingProfile) -> str:
    """As it is saved, in a sentence."""
    if profile.cache_ttl is None:
        return _("Nobody: no answer is cached.")
    if profile.cache_scope != SHARED:
        return _("Only the API key that asked first.")
    words = _(
        "Every API key that may use this profile: what was answered to one caller is read by "
        "others who ask the very same."
    )
    return format_html('<span class="pm-badge pm-warn">{}</span> {}', _("Shared"), words)
