"""Which proxy a destination is reached through."""

import base64
import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from inference.upstream.destination import Destination
from inference.upstream.errors import ConnectFailed


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy. `authorization` is the value of its Proxy-Authorization header, or empty."""

    destination: Destination
    authorization: bytes = b""

    @classmethod
    def parse(cls, url: str) -> "Proxy":
        """From `http://user:password@host:port`; without a scheme http is meant.

        Raises ValueError with a sentence that does not repeat the URL.
        """
        parts = urlsplit(url if "://" in url else f"http://{url}")
        if parts.scheme not in {"http", "https"}:
            raise ValueError(f"Proxies of the kind {parts.scheme} are not supported.")
        userinfo, _, address = parts.netloc.rpartition("@")
        destination, _ = Destination.parse(f"{parts.scheme}://{address}")
        if not userinfo:
            return cls(destination)
        user, _, password = userinfo.partition(":")
        credentials = f"{unquote(user)}:{unquote(password)}".encode()
        return cls(destination, b"Basic " + base64.b64encode(credentials))


@dataclass(frozen=True, slots=True)
class Proxies:
    """Proxy URLs for http and https destinations, and the hosts that are reached directly.

    `no_proxy` has the usual entries: `*`, a host with all names below it, `host:port`, an address,
    a network in CIDR form. Loopback and Unix sockets are never reached through a proxy.
    """

    http: str | None = None
    https: str | None = None
    no_proxy: tuple[str, ...] = ()

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Proxies":
        """HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY; the lower-case spelling wins."""

        def variable(name: str) -> str:
            return (environ.get(name.lower()) or environ.get(name) or "").strip()

        fallback = variable("ALL_PROXY")
        exceptions = (entry.strip().lower() for entry in variable("NO_PROXY").split(","))
        return cls(
            variable("HTTP_PROXY") or fallback or None,
            variable("HTTPS_PROXY") or fallback or None,
            tuple(entry for entry in exceptions if entry),
        )

    def select(self, destination: Destination) -> Proxy | None:
        """The proxy for a destination, None for a direct connection.

        Raises ConnectFailed when the environment asks for a proxy that cannot be used: going
        around it could leak what the operator wanted to keep inside.
        """
        url = self.https if destination.scheme == "https" else self.http
        if url is None or destination.uds is not None or self._direct(destination):
            return None
        try:
            return Proxy.parse(url)
        except ValueError as error:
            message = f"The configured proxy cannot be used: {error}"
            raise ConnectFailed(message, cause="the configured proxy cannot be used") from None

    def _direct(self, destination: Destination) -> bool:
        host = destination.host.rstrip(".")
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            address = None
        if host == "localhost" or host.endswith(".localhost"):
            return True
        if address is not None and address.is_loopback:
            return True
        return any(_covers(entry, host, destination.port, address) for entry in self.no_proxy)


def _covers(
    entry: str,
    host: str,
    port: int,
    address: ipaddress.IPv4Address | ipaddress.IPv6Address | None,
) -> bool:
    if entry == "*":
        return True
    try:
        network = ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        name, separator, wanted = entry.rpartition(":")
        if separator and wanted.isdigit():
            if int(wanted) != port:
                return False
            entry = name.strip("[]")
        suffix = entry.removeprefix("*").removeprefix(".").rstrip(".")
        return host == suffix or host.endswith(f".{suffix}")
    return address is not None and address in network
