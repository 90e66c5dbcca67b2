"""Whether an address stays within the operator's walls, as far as its text says.

Names are not resolved: what a name means may change between now and the next request.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

PRIVATE_SUFFIXES: Final = (
    ".local",  # RFC 6762
    ".localhost",  # RFC 6761
    ".internal",  # reserved by ICANN for private use
    ".home.arpa",  # RFC 8375
    ".lan",
    ".home",
    ".corp",
    ".intranet",
    ".private",
)
"""Ends of names that no public DNS serves."""


def is_loopback(base_url: str) -> bool:
    """Whether the address is this machine's: a Unix socket, `localhost` or a loopback address."""
    url = urlsplit(base_url)
    host = (url.hostname or "").lower()
    if url.scheme == "http+unix" or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_private(base_url: str) -> bool:
    """Whether the address is this machine's or one of a private network (RFC 1918, RFC 4193).

    A host name counts when it has a single label or ends as only private names do.
    """
    if is_loopback(base_url):
        return True
    host = (urlsplit(base_url).hostname or "").lower().rstrip(".")
    try:
        return ip_address(host).is_private
    except ValueError:
        return bool(host) and ("." not in host or host.endswith(PRIVATE_SUFFIXES))
