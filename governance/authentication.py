"""Who calls: the API key that a request presents, looked up in the routing table.

Pure: headers and table in, a key or the reason for a refusal out. Chat, REST and metrics ask here
and word the refusal in their own way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from governance.routing.key_restrictions import from_allowed, on_allowed
from governance.routing.table import RoutingTable, VirtualKey

Reason = Literal[
    "missing_api_key",
    "invalid_api_key",
    "disabled_api_key",
    "expired_api_key",
    "missing_scope",
    "address_not_allowed",
    "endpoint_not_allowed",
]
_FORBIDDEN: Final = frozenset({"missing_scope", "address_not_allowed", "endpoint_not_allowed"})
_BEARER: Final = b"bearer"


@dataclass(frozen=True, slots=True)
class Unauthenticated:
    """Why a request's key does not open what it asks for."""

    reason: Reason
    key: VirtualKey | None = None
    """The key that was presented, where it is known here."""

    @property
    def status(self) -> int:
        """HTTP's: 403 for a key in force that does not open this, else 401."""
        return 403 if self.reason in _FORBIDDEN else 401


def presented_key(headers: Mapping[bytes, bytes]) -> bytes | None:
    """The key a caller sent, in OpenAI's or in Anthropic's header; None without one.

    Names of headers are in small letters, as ASGI has them.
    """
    scheme, _, value = headers.get(b"authorization", b"").strip().partition(b" ")
    if scheme.lower() == _BEARER and (key := value.strip()):
        return key
    return headers.get(b"x-api-key", b"").strip() or None


def authenticate(
    headers: Mapping[bytes, bytes], table: RoutingTable, *, now: float, scope: str | None = None
) -> VirtualKey | Unauthenticated:
    """The presented key, if it is in force and has `scope`. `now` is Unix time in seconds.

    A key is found by its SHA-256, so how long it takes tells nothing about other keys.
    """
    presented = presented_key(headers)
    if presented is None:
        return Unauthenticated("missing_api_key")
    key = table.virtual_keys.get(hashlib.sha256(presented).digest())
    if key is None:
        return Unauthenticated("invalid_api_key")
    if not key.enabled:
        return Unauthenticated("disabled_api_key", key)
    if key.expires_at is not None and key.expires_at <= now:
        return Unauthenticated("expired_api_key", key)
    if scope is not None and scope not in key.scopes:
        return Unauthenticated("missing_scope", key)
    return key


def restricted(key: VirtualKey, address: str, path: str) -> Unauthenticated | None:
    """Why the key may not be used from this address or on this path, if it may not."""
    if key.addresses and not from_allowed(key.addresses, address):
        return Unauthenticated("address_not_allowed", key)
    if key.endpoints and not on_allowed(key.endpoints, path):
        return Unauthenticated("endpoint_not_allowed", key)
    return None
