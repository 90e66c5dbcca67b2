"""Which headers of a request are looked at."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from governance.kinds import caller_headers, list_headers
from inference.edge.asgi import Header
from inference.values.session import HEADER_NAMES

READ_HEADERS: Final = caller_headers() | {
    b"content-type",
    b"authorization",
    b"x-api-key",
    b"x-routing-profile",
    b"x-request-id",
    b"cache-control",
    b"user-agent",
    *HEADER_NAMES,
}
LIST_HEADERS: Final = list_headers()


def read_headers(given: Collection[Header]) -> dict[bytes, bytes]:
    """The headers that are looked at; the lines of one that is a list are joined."""
    headers = {name: value for name, value in given if name in READ_HEADERS}
    if len(dict(given)) == len(given):
        return headers
    headers.clear()
    for name, value in given:
        if name in READ_HEADERS:
            if name in headers and name in LIST_HEADERS:
                value = headers[name] + b", " + value
            headers[name] = value
    return headers
