"""Who asks, and may they."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from governance.routing.table import ANONYMOUS, RoutingTable, VirtualKey
from inference.edge.problem import Problem

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


def admit(
    headers: Mapping[bytes, bytes], table: RoutingTable, *, required: bool, now: float
) -> VirtualKey | Problem:
    """The grant of the presented key. `now` is Unix time in seconds.

    The key is looked up by its SHA-256, so the comparison tells nothing about other keys. Where
    keys are not required an unknown one counts as none, since SDKs insist on sending something.
    """
    key = presented_key(headers.get(b"authorization"), headers.get(b"x-api-key"))
    if key is None:
        if not required:
            return ANONYMOUS
        return Problem(401, f"This service requires an API key. {_HOW}", "missing_api_key")
    grant = table.grants.get(hashlib.sha256(key).digest())
    if grant is None:
        if not required:
            return ANONYMOUS
        return Problem(401, f"The API key is not known here. {_HOW}", "invalid_api_key")
    if not grant.enabled:
        return Problem(401, f"The API key {grant.name!r} is disabled.", "disabled_api_key")
    if grant.expires_at is not None and grant.expires_at <= now:
        return Problem(401, f"The API key {grant.name!r} has expired.", "expired_api_key")
    if "inference" not in grant.scopes:
        return Problem(
            403, f"The API key {grant.name!r} lacks the scope `inference`.", "missing_scope"
        )
    return grant
