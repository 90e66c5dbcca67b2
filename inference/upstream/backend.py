"""A provider made ready: its address parsed and its header block built once, not per request."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from math import log2
from typing import Final
from urllib.parse import quote

from django.conf import settings

from governance.kinds import ProviderKind, kind_named
from governance.kinds.auth import Credentials, SignableRequest
from governance.routing.table import ProviderEntry
from inference.upstream import Destination

_STREAM: Final = b"accept: text/event-stream\r\n"
_WHOLE: Final = b"accept: application/json\r\n"
_REDACTED: Final = b"[redacted]"
_SHORTEST_SECRET: Final = 8
"""Characters; what is shorter is a word that errors may hold for other reasons."""
_SCHEMES: Final = frozenset({"bearer", "basic", "token", "apikey"})
_NAMED_SECRET: Final = re.compile(
    r"auth|key|token|secret|cookie|passw|credential|signature", re.IGNORECASE
)
_LEAST_BITS: Final = 2.5
"""Shannon entropy of a character in bits. Random hexadecimal digits have 3 and more at 12
characters; `aaaaaaaa` has none."""
_WORDS: Final = re.compile(r"[A-Za-z][a-z]*(?:[ ./_-]+[A-Za-z][a-z]*)*|[\d.:-]+")
"""A word, or some of them, or a version or a date: what any error may hold."""


class UnusableProvider(Exception):
    """A provider's address or headers cannot be used; the message is for operators."""


@dataclass(frozen=True, slots=True)
class Backend:
    """Where a provider listens and the headers every request to it carries."""

    provider: ProviderEntry
    kind: ProviderKind
    destination: Destination
    base_path: str
    headers: tuple[tuple[bytes, bytes], ...] = field(repr=False)
    block: bytes = field(repr=False)
    """`headers` as lines, for requests to which nothing has to be added."""
    secrets: tuple[bytes, ...] = field(default=(), repr=False)
    """What an upstream may quote and nobody else may see."""
    issued: list[bytes] = field(default_factory=list, repr=False, compare=False)
    """The access token used last and the one before, which may be quoted as well."""

    def head(
        self,
        caller: Mapping[bytes, bytes],
        extra: tuple[tuple[bytes, bytes], ...] = (),
        *,
        stream: bool,
    ) -> bytes:
        """The header lines of one request.

        The operator's headers win over the caller's, and both over the defaults of the kind; of a
        header that is a list, all members count.
        """
        accept = _STREAM if stream else _WHOLE
        if not extra and (not caller or self.kind.caller_headers.isdisjoint(caller)):
            return self.block + accept
        return lines_of(self.merged(caller, extra).items()) + accept

    def merged(
        self, caller: Mapping[bytes, bytes], extra: tuple[tuple[bytes, bytes], ...] = ()
    ) -> dict[bytes, bytes]:
        """The same without what the gateway accepts."""
        merged = {name.encode(): value.encode() for name, value in self.kind.headers}
        passed = ((k, v) for k, v in caller.items() if k in self.kind.caller_headers)
        lists = self.kind.list_headers
        for name, value in chain(passed, self.headers, extra):
            if name in lists and name in merged:
                value = _joined(merged[name], value)
            merged[name] = value
        return merged

    @property
    def base_url(self) -> str:
        """The address with its path, as `Destination.parse` takes it."""
        where = self.destination
        if where.uds is not None:
            return f"http+unix://{quote(where.uds, safe='')}{self.base_path}"
        return f"{where.scheme}://{where.host_header.decode('ascii')}{self.base_path}"

    def redacted(self, body: bytes) -> bytes:
        """An upstream's words without this gateway's credentials, should they be quoted."""
        for secret in (*self.secrets, *self.issued):
            body = body.replace(secret, _REDACTED)
        return body

    @property
    def credentials(self) -> Credentials:
        return Credentials(self.provider.api_key, self.provider.base_url)

    def remember(self, token: str) -> None:
        """Keeps an access token out of what callers are shown."""
        value = token.encode()
        if value and value not in self.issued:
            self.issued[:] = [*self.issued[-1:], value]


def _joined(*values: bytes) -> bytes:
    """The members of all lists, each once."""
    members = (member.strip() for value in values for member in value.split(b","))
    return b", ".join(dict.fromkeys(filter(None, members)))


def lines_of(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"".join(name + b": " + value + b"\r\n" for name, value in headers)


@lru_cache(maxsize=4096)
def backend_of(provider: ProviderEntry) -> Backend:
    """The provider made ready. Raises `UnusableProvider`."""
    kind = kind_named(provider.kind)
    if kind is None:
        raise UnusableProvider(f'The kind "{provider.kind}" is not installed.')
    try:
        destination, base_path = Destination.parse(
            _engine_url() if kind.engine else provider.base_url
        )
    except ValueError as error:
        raise UnusableProvider(str(error)) from None
    if not base_path.endswith(kind.base_path_end):
        base_path += kind.base_path_end
    headers: dict[bytes, bytes] = {
        b"content-type": b"application/json",
        b"accept-encoding": b"identity",
        b"user-agent": b"pointsman",
    }
    if kind.auth.fixed:
        for name, value in _fixed_headers(kind, provider):
            headers[name.encode()] = _value(value)
    for name, value in provider.extra_headers:
        headers[name.lower().encode()] = _value(value)
    own = tuple(headers.items())
    block = {name.encode(): value.encode() for name, value in kind.headers} | headers
    return Backend(
        provider, kind, destination, base_path, own, lines_of(block.items()), _secrets(provider)
    )


def _fixed_headers(kind: ProviderKind, provider: ProviderEntry) -> Iterable[tuple[str, str]]:
    """What signs every request to the provider, where the signature never changes."""
    credentials = Credentials(provider.api_key, provider.base_url)
    blank = SignableRequest("POST", provider.base_url)
    return kind.auth.sign(blank, credentials, None, 0.0).headers


def first_event_timeout(provider: ProviderEntry, *, stream: bool) -> float | None:
    """Seconds until an answer must begin; None where only its total time counts."""
    kind = kind_named(provider.kind)
    counts = stream or kind is None or kind.first_event_of_whole_answers
    return provider.first_event_timeout if counts else None


def _secrets(provider: ProviderEntry) -> tuple[bytes, ...]:
    """The key, and what of the operator's headers is a credential or looks like one.

    As they are and as JSON writes them; the longest first, since one may be a part of another.
    """
    headers = (one for header in provider.extra_headers for one in _credentials(*header))
    forms = {
        form
        for value in (provider.api_key, *headers)
        if len(value) >= _SHORTEST_SECRET
        for form in (value.encode(), json.dumps(value)[1:-1].encode())
    }
    return tuple(sorted(forms, key=len, reverse=True))


def _credentials(name: str, value: str) -> Iterator[str]:
    """What of a header is secret: ordinary words would be cut out of every error.

    A header that is called one is one, whatever it holds; of `Bearer x` the `x` is as secret.
    """
    scheme, space, rest = value.partition(" ")
    part = rest.strip() if space and scheme.lower() in _SCHEMES else value
    if _NAMED_SECRET.search(name) or _looks_random(part):
        yield value
        yield part


def _looks_random(value: str) -> bool:
    if not value or _WORDS.fullmatch(value):
        return False
    shares = [count / len(value) for count in Counter(value).values()]
    return -sum(share * log2(share) for share in shares) >= _LEAST_BITS


def _value(text: str) -> bytes:
    try:
        value = text.encode("latin-1")
    except UnicodeEncodeError:
        raise UnusableProvider("A header value holds characters HTTP cannot carry.") from None
    if b"\r" in value or b"\n" in value or b"\0" in value:
        raise UnusableProvider("A header value holds a line break.")
    return value


def _engine_url() -> str:
    """The built-in engine's address."""
    return f"http+unix://{quote(settings.ENGINE_SOCKET, safe='')}/v1"
