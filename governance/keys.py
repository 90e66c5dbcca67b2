"""API keys: what a caller holds, and what is kept of it."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field

SHOWN = 10
"""Characters of a key that stay visible, so that people can tell keys apart."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key at the only moment when all of it is known."""

    secret: str = field(repr=False)
    prefix: str
    digest: bytes = field(repr=False)


def make_key() -> NewKey:
    """A new key of 256 random bits."""
    secret = f"pm-{secrets.token_urlsafe(32)}"
    return NewKey(secret, secret[:SHOWN], digest(secret))


def digest(secret: str) -> bytes:
    """SHA-256 of a key. Keys are random and long: a slow hash would add nothing but time."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def public_id() -> str:
    """An id for a key that may be shown, as `virtual_key_id` of profiles for one."""
    return f"key-{secrets.token_hex(8)}"
