"""What can be chosen in the panel."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest

from governance import ports
from governance.models import Interaction
from governance.routing.shadows import REASON as SHADOW
from governance.routing.vocabulary import FEATURES, MODALITIES

SEE_PAST: Final = "governance.view_interaction"
COUNTS: Final = (100, 1000, 5000)
"""Requests that can be replayed."""
LATEST: Final = 20
_TOLD: Final = ("pk", "time", "requested_model", "outcome", "profile_name", "provider", "key_name")


def choices(request: HttpRequest) -> dict[str, Any]:
    """For whoever asks: requests of the past only for those who may see them."""
    past = request.user.has_perm(SEE_PAST)
    rows = Interaction.objects.exclude(request_type="").exclude(reason=SHADOW)
    rows = rows.order_by("-time", "-id")
    return {
        "capabilities": MODALITIES + FEATURES,
        "request_types": ports.request_types(),
        "may_replay": past,
        "past": rows.values(*_TOLD)[:LATEST] if past else (),
        "counts": COUNTS,
    }
