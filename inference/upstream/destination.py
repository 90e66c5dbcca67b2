"""Where an upstream listens: the key of the connection pool."""

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
# Underscores are not in DNS host names, but container networks use them.
_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?\Z")
_PATH_SAFE = "/%:@!$&'()*+,;=~-._"


@dataclass(frozen=True, slots=True)
class Destination:
    """Scheme (`http` or `https`), host and port, or the path of a Unix socket in `uds`."""

    scheme: str
    host: str
    port: int
    uds: str | None = None
    host_header: bytes = field(init=False, repr=False, compare=False)
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        host = f"[{self.host}]" if ":" in self.host else self.host
        if self.port != _DEFAULT_PORTS[self.scheme]:
            host = f"{host}:{self.port}"
        header = b"localhost" if self.uds is not None else host.encode("ascii")
        # A destination is hashed for every request, so both are made once.
        object.__setattr__(self, "host_header", header)
        object.__setattr__(self, "_hash", hash((self.scheme, self.host, self.port, self.uds)))

    def __hash__(self) -> int:
        return self._hash

    def __str__(self) -> str:
        """For messages: where, without the path and its possible secrets."""
        if self.uds is not None:
            # Where it lies is nobody's business who only asks what went wrong.
            return f"the socket {self.uds.rpartition('/')[2]}"
        return self.host_header.decode("ascii")

    @classmethod
    def parse(cls, url: str) -> tuple["Destination", str]:
        """Split a base URL into its destination and its path without a trailing slash.

        `http://`, `https://` and `http+unix://%2Fpath%2Fto.sock/base` are understood. Raises
        ValueError with a sentence for anything else, for user names in the URL, queries and
        fragments.
        """
        if _UNSAFE.search(url):
            raise ValueError("The URL contains a space, a backslash or a control character.")
        try:
            parts = urlsplit(url)
        except ValueError as error:
            raise ValueError(f"The URL is not valid: {error}.") from None
        if "@" in parts.netloc:
            raise ValueError("The URL must not contain a user name or a password.")
        if parts.query or parts.fragment or url.endswith(("?", "#")):
            raise ValueError("A base URL has no query and no fragment.")
        if parts.scheme == "http+unix":
            destination = cls._unix(parts.netloc)
        elif parts.scheme in _DEFAULT_PORTS:
            destination = cls._network(parts.scheme, parts.netloc)
        else:
            raise ValueError("The URL must start with http://, https:// or http+unix://.")
        return destination, quote(parts.path, safe=_PATH_SAFE).rstrip("/")

    @classmethod
    def _unix(cls, netloc: str) -> "Destination":
        path = unquote(netloc)
        if not path.startswith("/") or "\0" in path:
            raise ValueError(
                "A http+unix URL names the socket by its absolute path, slashes written as %2F."
            )
        return cls("http", "localhost", 80, path)

    @classmethod
    def _network(cls, scheme: str, netloc: str) -> "Destination":
        host, separator, port = netloc.rpartition(":")
        if not separator or port.endswith("]"):
            host, port = netloc, ""
        if port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise ValueError("The port of the URL must be a number from 1 to 65535.")
        return cls(scheme, _host(host), int(port) if port else _DEFAULT_PORTS[scheme])


def _host(text: str) -> str:
    if not text:
        raise ValueError("The URL names no host.")
    if text.startswith("[") and text.endswith("]"):
        try:
            address = ipaddress.IPv6Address(text[1:-1])
        except ValueError:
            raise ValueError("The URL's IPv6 address is not valid.") from None
        if address.scope_id is not None:
            raise ValueError("An IPv6 address in a URL must not have a zone.")
        return address.compressed
    try:
        host = text.lower() if text.isascii() else text.encode("idna").decode("ascii")
    except UnicodeError:
        raise ValueError("The URL's host name is not valid.") from None
    if len(host) > 253 or _NAME.match(host) is None:
        raise ValueError("The URL's host name is not valid.")
    return host
