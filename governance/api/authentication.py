"""Who calls: an API key by header. A staff session is DRF's own `SessionAuthentication`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from governance import audit, snapshot
from governance.authentication import Unauthenticated, authenticate, presented_key, restricted
from governance.routing.table import VirtualKey

_READ: Final = (b"authorization", b"x-api-key")
_WORDS: Final = {
    "invalid_api_key": "The API key is not known.",
    "disabled_api_key": "The API key is disabled.",
    "expired_api_key": "The API key has expired.",
    "address_not_allowed": "The API key may not be used from this address.",
    "endpoint_not_allowed": "The API key may not be used on this path.",
}


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """The caller behind an API key, in the place of Django's user."""

    name: str
    is_authenticated: bool = True
    is_active: bool = True
    is_staff: bool = False


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer <key>`, or `x-api-key: <key>`; scopes are a permission's to check."""

    def authenticate(self, request: Request) -> tuple[KeyHolder, VirtualKey] | None:
        headers = {
            name: request.headers.get(name.decode(), "").encode("latin-1", "replace")
            for name in _READ
        }
        if presented_key(headers) is None:
            return None
        # A key revoked by another process is refused by the next request here.
        found = authenticate(headers, snapshot.refresh(), now=time.time())
        if isinstance(found, Unauthenticated):
            raise AuthenticationFailed(_WORDS[found.reason], found.reason)
        refused = restricted(found, audit.current().address, request.path)
        if refused is not None:
            raise PermissionDenied(_WORDS[refused.reason], refused.reason)
        return KeyHolder(f"key: {found.name}"), found

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI document describes it."""

    target_class = ApiKeyAuthentication
    name = ["apiKey", "apiKeyHeader"]

    def get_security_definition(self, auto_schema: object) -> list[dict[str, str]]:
        return [
            {"type": "http", "scheme": "bearer", "description": "An API key."},
            {"type": "apiKey", "in": "header", "name": "x-api-key"},
        ]
