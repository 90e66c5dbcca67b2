"""Ids that a provider gave out, marked so that only the key they were given to can use them again.

All keys share one credential with a provider, so that whoever knew an id could read, continue or
delete what another key made. A sealed id carries a mark of who holds the object and a code that
nobody but this gateway can make: `resp_1` becomes `resp_1_sealed_<24 letters>`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

SEAM: Final = "_sealed_"
GATEWAY: Final = ""
"""The holder of what this gateway keeps itself; no provider has an empty name."""
_MARK: Final = 6
_CODE: Final = 12
_LETTERS: Final = 24


class Seal:
    """Seals and opens the ids of one holder for one key. Remembers what it has sealed."""

    __slots__ = ("_key", "_known", "_ring", "holder")

    def __init__(self, ring: Sequence[bytes], key: str, holder: str) -> None:
        """`ring`: the first seals, all open. `key` is the id of an API key, `holder` the name of a
        provider or `GATEWAY`."""
        self._ring = ring
        self._key = key
        self.holder = holder
        self._known: dict[str, str] = {}

    def seal(self, text: str) -> str:
        known = self._known.get(text)
        if known is None:
            told = holder_mark(self.holder) + self._code(self._ring[0], text)
            known = f"{text}{SEAM}{base64.urlsafe_b64encode(told).decode()}"
            self._known[text] = known
        return known

    def open(self, sealed: str) -> str | None:
        """What was sealed; None for what is not sealed, for another holder or for another key."""
        text, mark, code = _parts(sealed)
        if mark != holder_mark(self.holder):
            return None
        if any(hmac.compare_digest(code, self._code(one, text)) for one in self._ring):
            return text
        return None

    def _code(self, secret: bytes, text: str) -> bytes:
        parts = (self._key, self.holder.casefold(), text)
        told = b"\0".join(part.encode("utf-8", "surrogatepass") for part in parts)
        return hmac.digest(secret, told, "sha256")[:_CODE]

    def __repr__(self) -> str:
        """Without its secrets."""
        return f"Seal({self.holder!r})"


def is_sealed(text: str) -> bool:
    """Whether it looks sealed, by whomever for whomever."""
    return bool(_parts(text)[1])


def is_held_by(text: str, holder: str) -> bool:
    """Whether the mark, which anybody can make, names this holder."""
    return _parts(text)[1] == holder_mark(holder)


@lru_cache(maxsize=4096)
def holder_mark(holder: str) -> bytes:
    return hashlib.sha256(holder.casefold().encode()).digest()[:_MARK]


@lru_cache(maxsize=4)
def secrets_of(keys: tuple[str, ...]) -> tuple[bytes, ...]:
    """Secrets for ids, made of those that seal credentials."""
    return tuple(hashlib.sha256(b"sealed ids\0" + key.encode()).digest() for key in keys)


def _parts(sealed: str) -> tuple[str, bytes, bytes]:
    """The id, the holder's mark and the code; the last two are empty for what is not sealed."""
    text, seam, letters = sealed.rpartition(SEAM)
    if not seam or len(letters) != _LETTERS or not letters.isascii():
        return sealed, b"", b""
    try:
        told = base64.b64decode(letters, b"-_", validate=True)
    except (binascii.Error, ValueError):
        return sealed, b"", b""
    return text, told[:_MARK], told[_MARK:]
