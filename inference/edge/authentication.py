"""Who asks, and may they: `governance.authentication` in the words of the chat API.

It needs nothing but the head of a request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from governance.authentication import Unauthenticated, authenticate, restricted
from governance.routing.table import ANONYMOUS, RoutingTable, VirtualKey
from inference.edge.asgi import Header
from inference.values.error_answer import ErrorAnswer

Authenticate = Callable[
    [Mapping[bytes, bytes], RoutingTable, float, Mapping[str, Any]], VirtualKey | ErrorAnswer
]
"""From a request's headers, the table, the Unix time in seconds and the ASGI scope."""

SCOPE: Final = "inference"
_HOW: Final = (
    "Send an API key as `Authorization: Bearer <key>` or as `x-api-key`. "
    "An administrator makes keys in the admin, or with `manage.py create_api_key`."
)


def authenticate_caller(
    headers: Mapping[bytes, bytes],
    table: RoutingTable,
    now: float,
    scope: Mapping[str, Any],
    *,
    required: bool = True,
    refuses: Callable[[Iterable[Header]], ErrorAnswer | None] | None = None,
) -> VirtualKey | ErrorAnswer:
    """The presented key, if it may ask for inference. `now` is Unix time in seconds.

    Where keys are not required an unknown one counts as none, since SDKs insist on sending
    something; `refuses` says whom that is not for, by all the headers.
    """
    found = authenticate(headers, table, now=now, scope=SCOPE)
    if not isinstance(found, Unauthenticated):
        if not (found.addresses or found.endpoints):
            return found
        refused = restricted(found, address_of(scope), scope["path"])
        return found if refused is None else _refused(refused)
    if not required and found.key is None:
        return (refuses(scope["headers"]) if refuses is not None else None) or ANONYMOUS
    return _refused(found)


def address_of(scope: Mapping[str, Any]) -> str:
    """The caller's IP address; empty on a Unix socket."""
    client = scope.get("client")
    return str(client[0] or "") if client else ""


def _refused(found: Unauthenticated) -> ErrorAnswer:
    return ErrorAnswer(found.status, _words(found), found.reason)


def _words(refused: Unauthenticated) -> str:
    if refused.key is None:
        if refused.reason == "missing_api_key":
            return f"This service requires an API key. {_HOW}"
        return f"The API key is not known here. {_HOW}"
    what = {
        "disabled_api_key": "is disabled",
        "expired_api_key": "has expired",
        "missing_scope": f"lacks the scope `{SCOPE}`",
        "address_not_allowed": "may not be used from this address",
        "endpoint_not_allowed": "may not be used on this path",
    }[refused.reason]
    return f"The API key {refused.key.name!r} {what}."
