"""Where an API key may be used from, and on which paths; pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Any, Final

from governance.routing.fields import Problem
from governance.texts import gettext

_PATH: Final = re.compile(r"/v1(/[A-Za-z0-9_-]+)+")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def restriction_problems(addresses: Any, endpoints: Any) -> Iterator[Problem]:
    """What is no address or network, and what is no path."""
    for place, one in enumerate(addresses if isinstance(addresses, list | tuple) else ()):
        if isinstance(one, str) and _network(one) is None:
            message = gettext('"%(one)s" is no address and no network, as 10.0.0.0/8.') % {
                "one": one
            }
            yield Problem(f"addresses[{place}]", "invalid", message)
    for place, one in enumerate(endpoints if isinstance(endpoints, list | tuple) else ()):
        if isinstance(one, str) and not _PATH.fullmatch(one):
            message = gettext('"%(one)s" is no path of the API, as /v1/embeddings.') % {"one": one}
            yield Problem(f"endpoints[{place}]", "invalid", message)


def from_allowed(addresses: tuple[str, ...], client: str) -> bool:
    """Whether the caller's address lies within one of these; one that is not known does not."""
    try:
        address = ipaddress.ip_address(client.partition("%")[0])
    except ValueError:
        return False
    inner = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return any(address in one or (inner and inner in one) for one in _networks(addresses))


def on_allowed(endpoints: Collection[str], path: str) -> bool:
    """Whether the path is one of these, or lies below one."""
    path = path.rstrip("/")
    return any(path == one or path.startswith(f"{one}/") for one in endpoints)


def lie_within(addresses: Collection[str], others: Collection[str]) -> bool:
    """Whether these name nothing outside the others; none listed is everywhere."""
    outer = _networks(tuple(others))
    inner = _networks(tuple(addresses))
    return bool(inner) and all(any(_is_part(one, other) for other in outer) for one in inner)


def _is_part(one: Network, other: Network) -> bool:
    if isinstance(one, ipaddress.IPv4Network):
        return isinstance(other, ipaddress.IPv4Network) and one.subnet_of(other)
    return isinstance(other, ipaddress.IPv6Network) and one.subnet_of(other)


@lru_cache(maxsize=4096)
def _networks(addresses: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(found for one in addresses if (found := _network(one)) is not None)


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
