"""Credentials at rest: encrypted with a key ring, the first key encrypts, all decrypt."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class Unreadable(Exception):
    """No key of the ring decrypts the credential: it was sealed with one that is gone."""


def encrypt(text: str) -> str:
    """The text sealed with the first key of the ring; empty text stays empty."""
    return _ring().encrypt(text.encode()).decode() if text else ""


def decrypt(sealed: str) -> str:
    """The text. Raises `Unreadable`."""
    if not sealed:
        return ""
    try:
        return _ring().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Unreadable from None


def seal(data: bytes) -> bytes:
    """Bytes sealed with the first key of the ring."""
    return _ring().encrypt(data)


def unseal(sealed: bytes) -> bytes:
    """Raises `Unreadable`."""
    try:
        return _ring().decrypt(sealed)
    except InvalidToken:
        raise Unreadable from None


def readable(sealed: str) -> bool:
    """Whether some key of the ring opens it."""
    try:
        decrypt(sealed)
    except Unreadable:
        return False
    return True


def rotate(sealed: str) -> str:
    """The same secret under the first key of the ring. Raises `Unreadable`."""
    if not sealed:
        return ""
    try:
        return _ring().rotate(sealed.encode()).decode()
    except InvalidToken:
        raise Unreadable from None


def _ring() -> MultiFernet:
    return _made(tuple(settings.ENCRYPTION_KEYS))


@lru_cache(maxsize=4)
def _made(keys: Sequence[str]) -> MultiFernet:
    if not keys:
        raise ImproperlyConfigured("POINTSMAN_ENCRYPTION_KEYS holds no key.")
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError:
        raise ImproperlyConfigured(
            "POINTSMAN_ENCRYPTION_KEYS must be Fernet keys, 32 bytes in URL-safe base64 each, "
            "separated by commas."
        ) from None
