"""Who asks, and may they. It needs nothing but the head of a request."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Final

from governance.routing.table import ANONYMOUS, RoutingTable, VirtualKey
from inference.edge.error_answer import ErrorAnswer

Authenticate = Callable[[Mapping[bytes, bytes], RoutingTable, float], VirtualKey | ErrorAnswer]
"""From a request's headers, the table and the Unix time in seconds."""

_BEARER: Final = b"bearer "
_HOW: Final = (
    "Send an API key as `Authorization: Bearer <key>` or as `x-api-key`. "
    "An administrator makes keys in the admin, or with `manage.py create_api_key`."
)


def presented_key(authorization: bytes | None, x_api_key: bytes | None) -> bytes | None:
    """The key a caller sent, in OpenAI's or in Anthropic's header; None without one."""
    if authorization is not None and authorization[:7].lower() == _BEARER:
        return authorization[7:].strip() or None
    return x_api_key or None


def authenticate(
    headers: Mapping[bytes, bytes], table: RoutingTable, now: float, *, required: bool = True
) -> VirtualKey | ErrorAnswer:
    """The virtual key a request presents. `now` is Unix time in seconds.

    The key is looked up by its SHA-256, so the comparison tells nothing about other keys. Where
    keys are not required an unknown one counts as none, since SDKs insist on sending something.
    """
    presented = presented_key(headers.get(b"authorization"), headers.get(b"x-api-key"))
    if presented is None:
        if not required:
            return ANONYMOUS
        return ErrorAnswer(401, f"This service requires an API key. {_HOW}", "missing_api_key")
    key = table.grants.get(hashlib.sha256(presented).digest())
    if key is None:
        if not required:
            return ANONYMOUS
        return ErrorAnswer(401, f"The API key is not known here. {_HOW}", "invalid_api_key")
    if not key.enabled:
        return ErrorAnswer(401, f"The API key {key.name!r} is disabled.", "disabled_api_key")
    if key.expires_at is not None and key.expires_at <= now:
        return ErrorAnswer(401, f"The API key {key.name!r} has expired.", "expired_api_key")
    if "inference" not in key.scopes:
        return ErrorAnswer(
            403, f"The API key {key.name!r} lacks the scope `inference`.", "missing_scope"
        )
    return key
