"""Which requests a profile's cache of answers is for. PURE.

Only what routing knows of a request is asked here; `inference.cache` looks at the rest.
"""

from __future__ import annotations

from typing import Any, Final

from governance.routing.request import RoutingRequest
from governance.routing.table import CachePolicy
from governance.texts import gettext

REQUEST_TYPES: Final = frozenset({"chat", "completions", "messages", "responses", "embeddings"})
"""What is answered in words or numbers by what the request says and nothing else."""
SHARED: Final = "shared"


def bypass_reason(policy: CachePolicy, request: RoutingRequest) -> str:
    """Why an answer is neither looked for nor cached, in a sentence; empty where it may be."""
    if request.request_type not in REQUEST_TYPES:
        return gettext("Answers to %(request_type)s are not cached.") % {
            "request_type": request.request_type
        }
    if request.features.tools and not policy.tools:
        return gettext("The request has tools, whose calls may do something.")
    return ""


def described(policy: CachePolicy, request: RoutingRequest) -> dict[str, Any]:
    """What the cache means for a request, for simulations."""
    why = bypass_reason(policy, request)
    whose = gettext("any key") if policy.scope == SHARED else gettext("the key that asked")
    kept = gettext(
        "The same request of %(whose)s is answered again for %(ttl)s seconds, at no cost."
    ) % {"whose": whose, "ttl": f"{policy.ttl:g}"}
    return {
        "applies": not why,
        "ttl": policy.ttl,
        "scope": policy.scope,
        "detail": why or kept,
    }
