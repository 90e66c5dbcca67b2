"""A provider made ready: its address parsed and its header block built once, not per request."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from django.conf import settings

from governance.routing.table import Provider
from inference.upstream import Destination
from inference.upstream.wires import WIRES, Wire

_STREAM: Final = b"accept: text/event-stream\r\n"
_WHOLE: Final = b"accept: application/json\r\n"
_REDACTED: Final = b"[redacted]"
_SHORTEST_SECRET: Final = 8
"""Characters; what is shorter is a word that errors may hold for other reasons."""


class UnusableProvider(Exception):
    """A provider's address or headers cannot be used; the message is for operators."""


@dataclass(frozen=True, slots=True)
class Backend:
    """Where a provider listens and the headers every request to it carries."""

    provider: Provider
    wire: Wire
    destination: Destination
    base_path: str
    headers: tuple[tuple[bytes, bytes], ...] = field(repr=False)
    block: bytes = field(repr=False)
    """`headers` as lines, for requests to which nothing has to be added."""
    secrets: tuple[bytes, ...] = field(default=(), repr=False)
    """What an upstream may quote and nobody else may see."""

    def head(
        self,
        caller: Mapping[bytes, bytes],
        extra: tuple[tuple[bytes, bytes], ...] = (),
        *,
        stream: bool,
    ) -> bytes:
        """The header lines of one request.

        The operator's headers win over the caller's, and both over the defaults of the kind.
        """
        accept = _STREAM if stream else _WHOLE
        if not extra and (not caller or self.wire.caller_headers.isdisjoint(caller)):
            return self.block + accept
        merged = dict(self.wire_headers())
        merged.update((k, v) for k, v in caller.items() if k in self.wire.caller_headers)
        merged.update(self.headers)
        merged.update(extra)
        return _lines(merged.items()) + accept

    @property
    def base_url(self) -> str:
        """The address with its path, as `Destination.parse` takes it."""
        where = self.destination
        if where.uds is not None:
            return f"http+unix://{quote(where.uds, safe='')}{self.base_path}"
        return f"{where.scheme}://{where.host_header.decode('ascii')}{self.base_path}"

    def header_map(self) -> dict[str, str]:
        """The headers of a request that asks for a whole answer, as httpx takes them."""
        merged = {**dict(self.wire_headers()), **dict(self.headers), b"accept": b"application/json"}
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in merged.items()}

    def redacted(self, body: bytes) -> bytes:
        """An upstream's words without this gateway's credentials, should they be quoted."""
        for secret in self.secrets:
            body = body.replace(secret, _REDACTED)
        return body

    def wire_headers(self) -> tuple[tuple[bytes, bytes], ...]:
        return tuple((k.encode(), v.encode()) for k, v in self.wire.headers)


def _lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"".join(name + b": " + value + b"\r\n" for name, value in headers)


@lru_cache(maxsize=4096)
def backend_of(provider: Provider) -> Backend:
    """The provider made ready. Raises `UnusableProvider`."""
    wire = WIRES["mlx_server" if provider.kind == "mlx" and provider.base_url else provider.kind]
    base_url = provider.base_url or _engine_url()
    try:
        destination, base_path = Destination.parse(base_url)
    except ValueError as error:
        raise UnusableProvider(str(error)) from None
    if wire.protocol == "anthropic" and not base_path.endswith("/v1"):
        # Anthropic's own SDK takes the address without its version; operators paste it here.
        base_path += "/v1"
    headers: dict[bytes, bytes] = {
        b"content-type": b"application/json",
        b"accept-encoding": b"identity",
        b"user-agent": b"pointsman",
    }
    if provider.api_key:
        headers[wire.key_header.encode()] = _value(wire.key_prefix + provider.api_key)
    for name, value in provider.extra_headers:
        headers[name.lower().encode()] = _value(value)
    own = tuple(headers.items())
    block = {name.encode(): value.encode() for name, value in wire.headers} | headers
    return Backend(
        provider, wire, destination, base_path, own, _lines(block.items()), _secrets(provider)
    )


def _secrets(provider: Provider) -> tuple[bytes, ...]:
    """The key and the values of the operator's headers, any of which may be a credential.

    As they are and as JSON writes them; the longest first, since one may be a part of another.
    """
    values = {provider.api_key, *(value for _, value in provider.extra_headers)}
    forms = {
        form
        for value in values
        if len(value) >= _SHORTEST_SECRET
        for form in (value.encode(), json.dumps(value)[1:-1].encode())
    }
    return tuple(sorted(forms, key=len, reverse=True))


def _value(text: str) -> bytes:
    try:
        value = text.encode("latin-1")
    except UnicodeEncodeError:
        raise UnusableProvider("A header value holds characters HTTP cannot carry.") from None
    if b"\r" in value or b"\n" in value or b"\0" in value:
        raise UnusableProvider("A header value holds a line break.")
    return value


def _engine_url() -> str:
    """The built-in engine's address: providers of kind `mlx` without a base URL mean it."""
    return f"http+unix://{quote(settings.ENGINE_SOCKET, safe='')}/v1"
