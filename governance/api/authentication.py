"""Who calls: an API key by header. A staff session is DRF's own `SessionAuthentication`."""

from __future__ import annotations

import time
from dataclasses import dataclass

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from governance import keys, snapshot
from governance.routing.table import VirtualKey


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """The caller behind an API key, in the place of Django's user."""

    name: str
    is_authenticated: bool = True
    is_active: bool = True
    is_staff: bool = False


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer <key>`, or `x-api-key: <key>`.

    A key is found by its SHA-256 digest, so how long the look-up takes says nothing about the key.
    """

    def authenticate(self, request: Request) -> tuple[KeyHolder, VirtualKey] | None:
        secret = _secret(request)
        if secret is None:
            return None
        # A key revoked by another process is refused by the next request here.
        grant = snapshot.refresh().grants.get(keys.digest(secret))
        if grant is None:
            raise AuthenticationFailed("The API key is not known.", "invalid_api_key")
        if not grant.enabled:
            raise AuthenticationFailed("The API key is disabled.", "disabled_api_key")
        if grant.expires_at is not None and grant.expires_at <= time.time():
            raise AuthenticationFailed("The API key has expired.", "expired_api_key")
        return KeyHolder(f"key: {grant.name}"), grant

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def _secret(request: Request) -> str | None:
    scheme, _, value = request.headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        return value.strip()
    return request.headers.get("x-api-key", "").strip() or None


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI document describes it."""

    target_class = ApiKeyAuthentication
    name = ["apiKey", "apiKeyHeader"]

    def get_security_definition(self, auto_schema: object) -> list[dict[str, str]]:
        return [
            {"type": "http", "scheme": "bearer", "description": "An API key."},
            {"type": "apiKey", "in": "header", "name": "x-api-key"},
        ]
