"""Which network addresses an upstream may never have.

Loopback and private addresses are legal, since local model servers live there. Refused is what no
model server uses and an attacker wants: link-local ranges, where clouds serve instance credentials,
the metadata services outside those ranges, unspecified, multicast and reserved addresses.
"""

import ipaddress
import re
import socket
import unicodedata
from collections.abc import Collection
from urllib.parse import urlsplit

from governance.texts import gettext

_METADATA_NAMES = frozenset(
    {
        "metadata",
        "metadata.goog",
        "metadata.google.internal",
        "metadata.azure.internal",
        "metadata.oraclecloud.com",
        "metadata.packet.net",
        "metadata.platformequinix.com",
        "metadata.tencentyun.com",
        "instance-data",
        "instance-data.ec2.internal",
    }
)
_METADATA_ADDRESSES = frozenset(
    ipaddress.ip_address(text)
    for text in (
        "169.254.169.254",  # most clouds
        "169.254.170.2",  # credentials of AWS ECS tasks
        "100.100.100.200",  # Alibaba Cloud
        "168.63.129.16",  # Azure's wire server
        "192.0.0.192",  # Oracle Cloud, classic
        "fd00:ec2::254",  # AWS
        "fd00:ec2::23",  # credentials of AWS EKS pods
        "fd20:ce::254",  # Google Cloud
        "fd00:42::42",  # Scaleway
    )
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052
_IPV4_COMPATIBLE = ipaddress.ip_network("::/96")  # RFC 4291, section 2.5.5.1
_THIS_NETWORK = ipaddress.ip_network("0.0.0.0/8")  # RFC 6890
# What inet_aton reads as an address although it does not look like one: 2852039166, 0xA9.0376.1.
_MAYBE_NUMERIC = re.compile(r"[0-9a-fx.]+\Z")
_IDNA_DOTS = str.maketrans({"\u3002": ".", "\uff0e": ".", "\uff61": "."})  # RFC 3490, section 3.1

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def forbidden_address(host_or_ip: str) -> str | None:
    """Why this host may not be an upstream, as the rest of a sentence, or None when it may.

    Takes a name or an address as it stands in a URL, brackets allowed, in any spelling the system
    resolver would accept (decimal, octal, hexadecimal, shortened, full-width digits). Names are
    not resolved; whoever connects asks again with the address the name resolved to.
    """
    host = unicodedata.normalize("NFKC", host_or_ip.translate(_IDNA_DOTS)).strip().lower()
    host = host.removeprefix("[").removesuffix("]").partition("%")[0].rstrip(".")
    if host in _METADATA_NAMES or host.endswith(".metadata.google.internal"):
        return gettext("is the metadata service of a cloud")
    address = _address(host)
    return None if address is None else _forbidden(address)


def _address(host: str) -> _Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    if _MAYBE_NUMERIC.match(host) is None:
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def _forbidden(address: _Address) -> str | None:
    if address in _METADATA_ADDRESSES:
        return gettext("is the metadata service of a cloud")
    if address.is_loopback:
        return None
    if address.is_unspecified or address in _THIS_NETWORK:
        return gettext("is an unspecified address")
    if address.is_link_local:
        return gettext("is a link-local address")
    if address.is_multicast:
        return gettext("is a multicast address")
    if isinstance(address, ipaddress.IPv4Address):
        return gettext("is a reserved address") if address.is_reserved else None
    for inner in _embedded(address):
        if (why := _forbidden(inner)) is not None:
            return gettext("leads to %(inner)s, which %(why)s") % {"inner": inner, "why": why}
    return None


def _embedded(address: ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    """The IPv4 addresses an IPv6 address may be translated to on its way."""
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64 or address in _IPV4_COMPATIBLE:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [inner for inner in found if inner is not None]


def is_own_address(base_url: str, listens_on: str, names: Collection[str]) -> bool:
    """Whether a base URL leads to where this service listens (`host:port`, or nothing known).

    `names` are those it answers to; a port on one of them may be a proxy's in front of it.
    """
    try:
        parts = urlsplit(base_url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    except ValueError:
        return False
    host = (parts.hostname or "").rstrip(".")
    own, _, own_port = listens_on.rpartition(":")
    if not own or not host:
        return False
    here = {"localhost", "127.0.0.1", "::1", own.strip("[]"), *names}
    return host in here and str(port) == own_port
