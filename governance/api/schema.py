"""Words the OpenAPI document repeats."""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from governance.api.serializers.common import ErrorSerializer

DRY_RUN: Final = OpenApiParameter(
    "dry_run", bool, description="Do everything but write, and say what would happen."
)
IF_MATCH: Final = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="The `ETag` this change goes on from; something else is there now: 412.",
)
FORCE: Final = OpenApiParameter("force", bool, description="Delete it although profiles use it.")
RENAME: Final = OpenApiParameter(
    "rename_in_targets", bool, description="When the name changes, rename it in targets too."
)
OVERRIDDEN_MODEL: Final = OpenApiParameter(
    "model", str, description="The model it holds for; left out: the one of the whole provider."
)
PORTABLE: Final = OpenApiParameter(
    "portable",
    bool,
    description="As relatives of this service take it: with the strategies and fields they know. "
    "What is lost by that stands in `warnings`.",
)
EVERYTHING: Final = OpenApiParameter(
    "everything",
    bool,
    description="Providers, heuristic rules, model mappings, key allowances and API keys as well, "
    "each as far as the caller may see them. There are no secrets in it.",
)
MODE: Final = OpenApiParameter(
    "mode",
    {"type": "string", "enum": ["replace", "merge"]},
    description="`replace`: what is not in the document goes, kind by kind of those it has. "
    "`merge`: what is in it is made or changed, and everything else stays.",
)
PAGE: Final = [
    OpenApiParameter("limit", {"type": "integer", "minimum": 1}, description="At most so many."),
    OpenApiParameter("offset", {"type": "integer", "minimum": 0}, description="Skip so many."),
]

_MEANINGS: Final = {
    400: "The request breaks a rule; `fields` says which and where.",
    401: "No API key and no session, or an API key that is not good.",
    403: "The key lacks the scope, or the user the permission.",
    404: "There is nothing of that name.",
    409: "What is there already stands in the way.",
    412: "It is no longer as `If-Match` says; `changed_since` tells what changed.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    501: "A part that this needs is not running.",
}


def answers(*statuses: int, **good: Any) -> dict[int, Any]:
    """Responses by status: `ok=`, `created=` or `gone=True`, and the errors."""
    found: dict[int, Any] = {}
    for name, status in (("ok", 200), ("created", 201)):
        if name in good:
            found[status] = good[name]
    if good.get("gone"):
        found[204] = OpenApiResponse(description="It is gone.")
    for status in sorted({401, 403, *statuses}):
        found[status] = OpenApiResponse(ErrorSerializer, description=_MEANINGS[status])
    return found


WRITING: Final = (400, 413, 415)
"""Errors that anything with a body may meet."""
