"""Who asks, and may they: `governance.authentication` in the words of the chat API.

It needs nothing but the head of a request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from governance.authentication import Unauthenticated, authenticate
from governance.routing.table import ANONYMOUS, RoutingTable, VirtualKey
from inference.values.error_answer import ErrorAnswer

Authenticate = Callable[[Mapping[bytes, bytes], RoutingTable, float], VirtualKey | ErrorAnswer]
"""From a request's headers, the table and the Unix time in seconds."""

SCOPE: Final = "inference"
_HOW: Final = (
    "Send an API key as `Authorization: Bearer <key>` or as `x-api-key`. "
    "An administrator makes keys in the admin, or with `manage.py create_api_key`."
)


def authenticate_caller(
    headers: Mapping[bytes, bytes], table: RoutingTable, now: float, *, required: bool = True
) -> VirtualKey | ErrorAnswer:
    """The presented key, if it may ask for inference. `now` is Unix time in seconds.

    Where keys are not required an unknown one counts as none, since SDKs insist on sending
    something.
    """
    found = authenticate(headers, table, now=now, scope=SCOPE)
    if not isinstance(found, Unauthenticated):
        return found
    if not required and found.key is None:
        return ANONYMOUS
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
    }[refused.reason]
    return f"The API key {refused.key.name!r} {what}."
