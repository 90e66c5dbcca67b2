"""How a provider is shown that the gateway may ask it: pure hooks, executed by `inference`.

A hook never connects anywhere. It says which request fetches an access token, reads the answer,
and signs the requests of callers; `inference.upstream` sends them and keeps the token.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias

Headers: TypeAlias = tuple[tuple[str, str], ...]
"""Names in lower case."""


class TokenRefused(Exception):
    """The token endpoint's answer holds no token; the message is a sentence without secrets."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an operator stored for a provider."""

    api_key: str = field(default="", repr=False)
    base_url: str = ""


@dataclass(frozen=True, slots=True)
class SignableRequest:
    """An HTTP request as a value: one to be signed, or one that fetches a token."""

    method: str
    url: str
    """Absolute, with its query."""
    headers: Headers = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class TokenReply:
    """The answer of a token endpoint, read to its end."""

    status: int
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Token:
    """An access token."""

    value: str = field(repr=False)
    expires_at: float
    """Unix time in seconds."""


class Auth(Protocol):
    """The hook of a kind. Every method is pure; `now` is Unix time in seconds."""

    @property
    def fixed(self) -> bool:
        """The signature is the same headers whatever the request and the time, and takes no token.

        They are then made once for a provider, not once for a request.
        """

    def token_request(self, credentials: Credentials, now: float) -> SignableRequest | None:
        """What to send for an access token, None where none is taken.

        Raises `TokenRefused` where the credentials cannot be read.
        """

    def token_of(self, reply: TokenReply, now: float) -> Token:
        """The token in the answer. Raises `TokenRefused`."""

    def sign(
        self, request: SignableRequest, credentials: Credentials, token: Token | None, now: float
    ) -> SignableRequest:
        """The request with what proves the gateway's right to send it.

        The credentials come along because a signature such as AWS's SigV4 is made with the key
        itself, without a token. Headers may be added and replaced; method, host and body stay.
        """


@dataclass(frozen=True, slots=True)
class KeyHeader:
    """The API key stands in a header as it is, after a prefix."""

    header: str = "authorization"
    prefix: str = "Bearer "

    @property
    def fixed(self) -> bool:
        return True

    def token_request(self, credentials: Credentials, now: float) -> None:
        return None

    def token_of(self, reply: TokenReply, now: float) -> Token:
        raise TokenRefused("This kind of provider takes no access token.")

    def sign(
        self, request: SignableRequest, credentials: Credentials, token: Token | None, now: float
    ) -> SignableRequest:
        if not credentials.api_key:
            return request
        header = (self.header, self.prefix + credentials.api_key)
        return replace(request, headers=(*request.headers, header))
